"""The finding about other programs that use the CPU."""

import os
import time
from contextlib import suppress
from typing import NamedTuple

import psutil

from loadtest.verdict.processors import NEIGHBOUR

from .finding import Finding, fine, mend

WATCHED = 1.0
"""Seconds for which the processes are watched."""


class Use(NamedTuple):
    """The share of all cores in use, from 0 to 1, and the process that used most CPU time, with its cores."""

    share: float
    top: str
    process: int
    cores: float


def use() -> Use:
    """Return what used the CPU during WATCHED seconds, without this process."""
    before, began = _times(), time.monotonic()
    psutil.cpu_percent()
    time.sleep(WATCHED)
    share = psutil.cpu_percent() / 100
    seconds = time.monotonic() - began
    after = _times()
    took = {each: after[each] - before[each] for each in after.keys() & before.keys()}
    name, process = max(took, key=lambda each: took[each], default=("", 0))
    return Use(share, name, process, took.get((name, process), 0.0) / seconds)


def busy(used: Use) -> Finding:
    """Return whether other programs leave the cores to a measurement: one is doubted if they take NEIGHBOUR of them."""
    fact = f"{used.share:.0%} of the cores in use"
    if used.share < NEIGHBOUR:
        return fine(fact)
    if used.cores < NEIGHBOUR:
        return mend(f"{fact}, so `compare` will doubt its figures: close other programs; `top` shows them.")
    return mend(
        f"{fact}, so `compare` will doubt its figures: {used.top} uses {used.cores:.1f} cores; close it, or "
        f"`kill {used.process}`."
    )


def _times() -> dict[tuple[str, int], float]:
    """Return the seconds of CPU time of each process by its name and id; the system may hide those of others."""
    known = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            clock = process.cpu_times()
            known[process.name(), process.pid] = clock.user + clock.system
    known.pop(next((each for each in known if each[1] == os.getpid()), ("", 0)), None)
    return known
