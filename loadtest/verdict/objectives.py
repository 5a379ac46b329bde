"""Objectives of a service, and whether measured arrivals meet them: passed, failed, or undecided.

A window is a sample of the arrivals that the rate brings in the long run, and a small one: in half a minute the queue
may happen to stay short. How hard the schedule of a window was is known, however. Each arrival has a margin in the
model (workload/margins.py), and a long replay shows how often each margin occurs. So the arrivals are divided into
strata by their margins, what missed is measured in each stratum, and the strata are weighted as in the long run (D.
Holt and T. M. F. Smith, "Post Stratification", Journal of the Royal Statistical Society A 142, 1979). The model only
divides: which arrivals miss is measured, so a model that is wrong widens the interval. Where it foresees conditions
that no window met, they may be as good or as bad as possible.

Windows at other rates count too, in the direction that they can support: what holds at a higher rate supports a pass,
and at a lower rate a failure. This assumes that requests of one stratum do not miss less often at a higher rate.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import fmean, variance
from typing import NamedTuple

from loadtest.workload.durations import seconds
from loadtest.workload.margins import STRATA, Model

from .shares import CONFIDENCE, Interval, Stratum, design_effect, deviations, interval

BATCHES = 16
"""Batches of equally many arrivals into which a window is divided."""

FEWEST = 4
"""Arrivals in a stratum: one with less is joined with its neighbour."""

TAKES = "an objective reads like p99<500ms or errors<1%"

SHAPE = re.compile(r"\s*(?:p(?P<percentile>[0-9.]+)\s*<\s*(?P<deadline>\S+)|errors\s*<\s*(?P<errors>[0-9.]+)\s*%)\s*")


@dataclass(frozen=True)
class Objective:
    """A limit to the share of arrivals that miss: those that are lost or, with a deadline, not answered within it."""

    text: str
    deadline: float | None
    """Seconds from the intended start; an answer that takes as long misses. None: only lost arrivals miss."""
    allowed: float
    """The share of arrivals that may miss."""

    def missed_by(self, latency_ms: float | None) -> bool:
        """Return True if an arrival missed the objective. `latency_ms`: None if it was lost."""
        return latency_ms is None or (self.deadline is not None and latency_ms >= self.deadline * 1000)


def objective(text: str) -> Objective:
    """Return the objective that a text like `p99<500ms` or `errors<1%` states. Raises ValueError with what is wrong."""
    shape = SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError(f"{TAKES}; got {text!r}.")
    deadline = shape["deadline"]
    try:
        allowed = (float(shape["errors"]) if deadline is None else 100 - float(shape["percentile"])) / 100
    except ValueError:
        raise ValueError(f"{TAKES}; got {text!r}, in which a number is malformed.") from None
    if not 0 < allowed < 1:
        raise ValueError(f"{TAKES}, with a number between 0 and 100; got {text!r}.")
    within = None if deadline is None else seconds(f"the deadline of {text!r}", deadline)
    if within == 0:
        raise ValueError(f"{TAKES}, with a time above 0; got {text!r}.")
    return Objective(text.strip().replace(" ", ""), within, round(allowed, 9))


class Outcome(StrEnum):
    """The verdict of the arrivals at a rate on the objectives."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Decision:
    """The outcome of a rate for an objective, and the interval of the share that misses there in the long run."""

    outcome: Outcome
    interval: Interval
    arrivals: int
    """Arrivals that were measured at this rate itself."""
    missed: int
    """The arrivals among them that missed."""


def combined(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome of several objectives: failed if one failed, passed if all passed."""
    found = set(outcomes)
    if Outcome.FAILED in found:
        return Outcome.FAILED
    return Outcome.PASSED if found == {Outcome.PASSED} else Outcome.UNDECIDED


class _Window(NamedTuple):
    """A measured window: its rate, and for each batch the arrivals and those that missed, by their margins."""

    rate: float
    batches: list[tuple[Counter[int], Counter[int]]]


class Evidence:
    """The measured windows of one service, and what they say of one objective.

    `model`: divides the arrivals into strata; None leaves them in one, which has Wilson's interval.
    """

    def __init__(self, sought: Objective, model: Model | None = None) -> None:
        self._sought = sought
        self._model = model
        self._windows: list[_Window] = []

    def add(self, rate: float, offsets: Sequence[float], opened: float, latencies: Sequence[float | None]) -> None:
        """Add a window.

        `offsets`: the intended starts of all arrivals until the window's end, in seconds since the service was empty.
        `opened`: when the window began. `latencies`: milliseconds of each arrival in the window, in their order; None
        if it was lost.
        """
        margins = self._model.margins(offsets) if self._model else [0] * len(offsets)
        inside = [margin for margin, offset in zip(margins, offsets, strict=True) if offset >= opened]
        missed = [self._sought.missed_by(latency) for latency in latencies]
        arrivals = list(zip(inside, missed, strict=True))
        edges = [len(arrivals) * number // BATCHES for number in range(BATCHES + 1)]
        parts = [arrivals[begin:end] for begin, end in pairwise(edges)]
        batches = [(Counter(each for each, _ in part), Counter(each for each, bad in part if bad)) for part in parts]
        self._windows.append(_Window(rate, batches))

    def decide(self, rate: float) -> Decision:
        """Return what all windows say of a rate at which at least one was measured."""
        own = [each for each in self._windows if each.rate == rate]
        lower = [each for each in self._windows if each.rate <= rate]
        higher = [each for each in self._windows if each.rate >= rate]
        share = self._interval(rate, own, _hardest_first).share
        low, high = self._interval(rate, lower, _hardest_first).low, self._interval(rate, higher, _easiest_first).high
        if low > high:  # requests missed more often at a lower rate, so other rates say nothing of this one
            low, high = self._interval(rate, own, _hardest_first).low, self._interval(rate, own, _easiest_first).high
        outcome = Outcome.UNDECIDED
        if high <= self._sought.allowed:
            outcome = Outcome.PASSED
        elif low > self._sought.allowed:
            outcome = Outcome.FAILED
        batches = [batch for window in own for batch in window.batches]
        arrivals, missed = (sum(each[column].total() for each in batches) for column in (0, 1))
        return Decision(outcome, Interval(share, low, high), arrivals, missed)

    def _interval(
        self, rate: float, windows: Sequence[_Window], join: Callable[[Sequence[int]], list[range]]
    ) -> Interval:
        """Return the interval of the share that misses at a rate, from windows that are taken to be alike."""
        batches = [batch for window in windows for batch in window.batches]
        shares = self._model.shares(rate) if self._model else ((1.0, *[0.0] * (STRATA - 1)),)
        weights = [fmean(block) for block in zip(*shares, strict=True)]
        counts = sum((arrivals for arrivals, _ in batches), Counter[int]())
        joined = join([counts[margin] for margin in range(STRATA)])
        strata = [_stratum(margins, weights, batches) for margins in joined]
        found = interval(strata)
        if len(shares) == 1:
            return found
        # The long replay is a sample too. Its variance adds to that of each end.
        likely = [each.missed / each.size if each.size else 0.0 for each in strata]
        blocks = [
            sum(p * sum(block[each] for each in margins) for p, margins in zip(likely, joined, strict=True))
            for block in shares
        ]
        replayed = deviations(CONFIDENCE) ** 2 * variance(blocks) / len(blocks)
        below, above = ((abs(end - found.share) ** 2 + replayed) ** 0.5 for end in (found.low, found.high))
        return Interval(found.share, max(0.0, found.share - below), min(1.0, found.share + above))


def _hardest_first(counts: Sequence[int]) -> list[range]:
    """Return the ranges of margins that form the strata, each with FEWEST arrivals. `counts`: arrivals by margin.

    A margin with too few is joined with larger ones, at which requests miss less often: the share is at least that.
    """
    found, begin = list[range](), 0
    for end in range(1, len(counts) + 1):
        if sum(counts[begin:end]) >= FEWEST:
            found.append(range(begin, end))
            begin = end
    last = found.pop() if found else range(begin)
    return [*found, range(last.start, len(counts))]


def _easiest_first(counts: Sequence[int]) -> list[range]:
    """Return the ranges of margins that form the strata. `counts`: arrivals by margin.

    A margin with too few is joined with smaller ones, at which requests miss more often: the share is at most that.
    """
    found, end = list[range](), len(counts)
    for begin in reversed(range(len(counts))):
        if sum(counts[begin:end]) >= FEWEST or begin == 0:
            found.append(range(begin, end))
            end = begin
    return found


def _stratum(margins: range, weights: Sequence[float], batches: Sequence[tuple[Counter[int], Counter[int]]]) -> Stratum:
    counts = [tuple(sum(counted[each] for each in margins) for counted in batch) for batch in batches]
    sample = [(arrivals, missed) for arrivals, missed in counts]
    effect = design_effect(sample)
    size, missed = (sum(column) / effect for column in zip(*sample, strict=True))
    return Stratum(sum(weights[each] for each in margins), size, missed)
