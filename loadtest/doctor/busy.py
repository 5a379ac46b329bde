"""The finding about other programs that use the CPU."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import psutil

from loadtest.english import listed
from loadtest.verdict.processors import NEIGHBOUR

from .finding import Finding, fine, mend

WATCHED = 1.0
"""Seconds for which the processes are watched."""


MOST_NAMED = 3
"""Programs that the finding names."""


class Program(NamedTuple):
    """A process, and the cores that it used."""

    name: str
    process: int
    cores: float

    def __str__(self) -> str:
        return f"{self.name} ({self.cores:.1f} cores, process {self.process})"


def busy(share: float, programs: Sequence[Program]) -> Finding:
    """Return whether other programs leave the cores to a measurement, which is doubted if they take NEIGHBOUR of them.

    `share`: the share of all cores in use, from 0 to 1. `programs`: those that used them, the busiest first.
    """
    fact = f"{share:.0%} of the cores in use"
    if share < NEIGHBOUR:
        return fine(fact)
    named = [str(program) for program in programs[:MOST_NAMED] if program.cores >= NEIGHBOUR]
    close = f"close {listed(named)}" if named else "close programs; `top` shows them"
    return mend(f"{fact}, so `compare` will doubt its figures: {close}.")


def watch() -> tuple[float, Sequence[Program]]:
    """Return the share of all cores that was in use during WATCHED seconds, and the programs that used them."""
    before, began = _times(), time.monotonic()
    psutil.cpu_percent()
    time.sleep(WATCHED)
    share = psutil.cpu_percent() / 100
    after, seconds = _times(), time.monotonic() - began
    programs = [Program(*each, (after[each] - before[each]) / seconds) for each in after.keys() & before.keys()]
    return share, sorted(programs, key=lambda program: -program.cores)


def _times() -> dict[tuple[str, int], float]:
    """Return the seconds of CPU time of each other process by its name and id; the system may hide those of users."""
    known = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            clock = process.cpu_times()
            known[process.name(), process.pid] = clock.user + clock.system
    return {each: seconds for each, seconds in known.items() if each[1] != os.getpid()}
