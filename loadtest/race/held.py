"""The line that holds the event loops of a watched service, in words, from what its processes report."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from loadtest.english import duration
from loadtest.results.stalls import BURST, COMPUTING, GARBAGE, OTHER_THREAD, Finding
from loadtest.verdict.kinds import COMPUTES
from loadtest.verdict.stalls import found
from loadtest.watch.injection import LEAST, PROJECT
from loadtest.watch.readings import LoopReading, Readings, Stall

from .lag import LATE
from .words import Caption

STAYS = 2.0
"""Seconds for which a line is named after it has held a loop, and over which its share is taken."""

SHARE = 0.2
"""Share of the time for which a line must hold the loops to be named; less does not let a lane stand still."""


class Held:
    """A reader of the reports of one service. `folder`: where its processes report; `base`: that of its code."""

    def __init__(self, folder: Path, base: Path = PROJECT) -> None:
        self._readings = Readings(folder, base)
        self._begun = 0.0

    def begin_anew(self, clock: float) -> None:
        """Forget what held the loops before `clock` (perf_counter), under another load."""
        self._begun = clock

    def sentence(self, clock: float) -> str:
        """Return what holds the loops at `clock` (perf_counter), as in "held by time.sleep in app.py:15", or ""."""
        with suppress(OSError):  # of a full disk, a report has holes; the rest is read later
            self._readings.update()
        since = max(self._begun, clock - STAYS)
        loops = self._readings.loops
        for loop in loops:
            loop.clocks.clear()
            loop.waits.clear()
            loop.stalls[:] = [stall for stall in loop.stalls if _known(stall) >= since]
        if (worst := _worst([replace(loop, holds=None) for loop in loops], since, clock)) is not None:
            return f"held by {_what(worst)}, {duration(worst.p50_ms)} at a time"
        for loop in loops:
            holds = loop.holds
            if holds is None or _known(holds) < since:  # it has not been heard of for long
                continue
            if (worst := _worst([replace(loop, stalls=[holds], holds=None)], since, clock)) is not None:
                return f"held by {_what(worst)} for {duration((clock - holds.began) * 1000)} so far"
        return ""


def captioned(said: Caption, held: str) -> Caption:
    """Return a caption that begins with what holds the loops, if anything does."""
    return Caption(f"{said.kind}-held", f"{held}; {said.sentence}") if held else said


def _known(stall: Stall) -> float:
    """Return the moment when a stall ended, or until which it is known to last."""
    return stall.began + stall.took


def _worst(loops: Sequence[LoopReading], since: float, clock: float) -> Finding | None:
    """Return the line that has held loops the longest since a moment, or None if none has for long enough."""
    begun = [stall.began for loop in loops for stall in loop.stalls]
    if not begun:
        return None
    judged = found(loops, (min(since, *begun), clock), requests=0, least=LEAST)
    named = [each for each in (*judged.findings, *judged.rare) if each.share * len(loops) >= SHARE and _holds(each)]
    return max(named, key=lambda each: each.share, default=None)


def _holds(finding: Finding) -> bool:
    """Return False for bursts of computing callbacks that end soon: such a loop is busy, and does not stand still."""
    return finding.kind != BURST or finding.cpu < COMPUTES or finding.p50_ms >= LATE * 1000


def _what(finding: Finding) -> str:
    """Return the call and the line of a finding, for the middle of a sentence."""
    if finding.kind == OTHER_THREAD:
        return "another thread, which keeps the interpreter's lock"
    if finding.site is None:
        return finding.kind if finding.kind == GARBAGE else "a line that was not seen"
    if finding.kind == COMPUTING:
        return f"computing in {finding.site.where}"
    if finding.kind == BURST:
        return f"a burst of callbacks from {finding.site.where}"
    call = finding.site.call or finding.site.inside
    return f"{call} in {finding.site.where}" if call else finding.site.where
