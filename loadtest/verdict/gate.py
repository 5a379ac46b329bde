"""Judge the requirements of a run: each is met, broken, or cannot be told, for each service and load.

The unit is the run, one repeat of a step: its requests share their circumstances. A requirement is met if every repeat
is on its right side, and broken if every repeat is on the wrong side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from math import inf

from loadtest.english import count
from loadtest.results.capacity import Capacity
from loadtest.results.schema import Pairing, Results
from loadtest.results.stalls import Stalls
from loadtest.workload import Load
from loadtest.workload.open import Open

from .aggregate import FEWEST_PAIRS, Row, rows
from .arrivals import FAILED, UNSERVED
from .backlog import diverges
from .capacities import found
from .comparison import ended
from .doubts import together
from .format import NONE, beyond, not_run
from .held import doubts, what, worst
from .pairs import UNKNOWN, Difference, interval, ratio_of, trusted
from .requirements import BEFORE, CAPACITY, ERRORS, FIGURES, STALLS, Requirement, requirement

FAILURES = (FAILED, UNSERVED)
"""Texts of the doubts that say that requests failed."""

REPEATS = 2
"""Repeats that each of two runs needs, if one is held against the other."""

GROWS = "its backlog grows without end, so that latency only shows for how long it has grown"

NO_RATIO = "two figures that are 0, or both of lost requests, have no ratio"

LEFT_OUT = "runs whose requests failed are left out"

WEAKER = (
    "The baseline is another run, at another time. That tells less than two services that take turns in one run "
    "(--pairs): what changed on the machine meanwhile is part of each difference."
)


class Finding(StrEnum):
    """The answer to a requirement, the worst first."""

    BROKEN = "broken"
    UNKNOWN = "cannot be told"
    MET = "met"


@dataclass(frozen=True)
class Judged:
    """The answer to a requirement for one service under one load."""

    requirement: Requirement
    service: str
    """Name of the service; empty stands for every one, if a run ended before its services were known."""
    load: Load | None
    """The load; None if the answer does not depend on it, or if none was measured."""
    finding: Finding
    why: str
    """The figures, or the reason why it cannot be told."""

    @property
    def where(self) -> str:
        """The service and the load in words."""
        return (self.service or "every service") + (f" at {self.load.label}" if self.load else "")

    @property
    def sentence(self) -> str:
        """The requirement and its answer in one line."""
        return f"{self.requirement.what}, {self.where}: {self.finding} ({self.why})"


def judged(results: Results) -> list[Judged]:
    """Return the answers to all requirements of a run, the worst first."""
    requirements = [requirement(text) for text in results.options.requirements]
    if not results.complete:
        return untold(requirements, _once(results), f"the run {ended(results)}".rstrip("."))
    table, capacities, stalls = rows(results), _capacities(results), _stalls(results)
    answers: list[Judged] = []
    for each in requirements:
        for name in _concerned(each, results):
            if each.figure == CAPACITY:
                answers.append(_carries(each, name, capacities.get(name), capacities.get(each.other or "")))
            elif each.figure == STALLS:
                answers.append(_held(each, name, stalls.get(name)))
            else:
                judge = _absolute if each.other is None else partial(_paired, table=table, results=results)
                answers += _at_each_load(each, name, table, judge)
    return worst_first(answers)


def judged_since(before: Results, after: Results, texts: Sequence[str]) -> list[Judged]:
    """Return the answers to requirements of `after`, as typed, whose factors refer to `before`; the worst first."""
    requirements = [requirement(text) for text in texts]
    for which, run in ((BEFORE, before), ("after", after)):
        if not run.complete:
            return untold(requirements, _once(after), f"the run {which} {ended(run)}".rstrip("."))
    table, earlier = rows(after), {(row.service, row.load): row for row in rows(before) if row.windows}
    answers: list[Judged] = []
    for each in requirements:
        for name in _concerned(each, after):
            if each.figure == CAPACITY:
                answers.append(_carries(each, name, _capacities(after).get(name), _capacities(before).get(name)))
            elif each.figure == STALLS:
                answers.append(_held(each, name, _stalls(after).get(name)))
            else:
                judge = _absolute if each.other is None else partial(_since, earlier=earlier)
                answers += _at_each_load(each, name, table, judge)
    return worst_first(answers)


def untold(requirements: Sequence[Requirement], services: Sequence[str], why: str) -> list[Judged]:
    """Return that no requirement can be told, for one reason. `services`: those of the run, as far as known."""
    return [
        _unknown(each, name, why) for each in requirements for name in each.concerns(services) or [each.service or ""]
    ]


def summary(results: Results, answers: Sequence[Judged]) -> list[str]:
    """Return how many requirements are met, or are not, and which loads they were not held against, in sentences."""
    told = []
    for finding in Finding:
        if number := sum(each.finding == finding for each in answers):
            verb = "" if finding == Finding.UNKNOWN else "is " if number == 1 else "are "
            told.append(f"{number} {verb}{finding}")
    skipped = [
        f"Not measured, so not judged: {row.service} at {row.load.label} ({not_run(row.load)})."
        for row in rows(results)
        if not row.windows
    ]
    return [f"Of {count(len(answers), 'requirement')}, counted for each service and load, {', '.join(told)}.", *skipped]


def worst_first(answers: Sequence[Judged]) -> list[Judged]:
    """Return the answers in this order: broken, cannot be told, met."""
    order = list(Finding)
    return sorted(answers, key=lambda each: order.index(each.finding))


def _once(results: Results) -> list[str]:
    """Return the names of the services of a run, without the second one of a service that is compared with itself."""
    again = {each.after for each in results.options.pairings if each.itself}
    return [each.name for each in results.contenders if each.name not in again]


def _concerned(asked: Requirement, results: Results) -> list[str]:
    """Return the services that must meet a requirement. A service against itself counts once, unless it is named.

    Of stalls these are the services that were watched, unless one is named.
    """
    if asked.figure == STALLS and asked.service is None and results.stalls:
        return [each.service for each in results.stalls]
    return asked.concerns(_once(results)) or asked.concerns([each.name for each in results.contenders])


def _at_each_load(
    asked: Requirement, name: str, table: Sequence[Row], judge: Callable[[Requirement, Row], Judged]
) -> list[Judged]:
    """Return the answers for one service, at each load that was measured."""
    own = [row for row in table if row.service == name and row.windows]
    return [judge(asked, row) for row in own] or [_unknown(asked, name, "no load was measured")]


def _unknown(asked: Requirement, name: str, why: str) -> Judged:
    return Judged(asked, name, None, Finding.UNKNOWN, why)


def _absolute(asked: Requirement, row: Row) -> Judged:
    """Judge the figure of each repeat."""
    figures = _figures(asked, row)
    known = [each for each in figures if each is not None]
    finding, why = _side(asked, known), _shown(asked, row.load, known)
    doubts = row.doubts
    if asked.figure == ERRORS and (failed := _about_failures(row.doubts)):
        # failures are counted: whatever else is in doubt, they may be too many
        doubts = [] if finding == Finding.BROKEN else [each for each in row.doubts if each not in failed]
    if doubts:
        return _answer(asked, row, Finding.UNKNOWN, _first(doubts))
    if len(known) < len(figures):
        return _answer(asked, row, Finding.UNKNOWN, FIGURES[asked.figure].lacks)
    if FIGURES[asked.figure].latency and finding == Finding.MET and diverges(row):
        return _answer(asked, row, Finding.UNKNOWN, GROWS)
    return _answer(asked, row, finding, why)


def _first(doubts: Sequence[str]) -> str:
    """Return the first doubt, and how many more there are: the verdict lists them all."""
    first, *others = doubts
    return f"{first} (and {count(len(others), 'further doubt')})" if others else first


def _about_failures(doubts: Sequence[str]) -> list[str]:
    return [each for each in doubts if any(text in each for text in FAILURES)]


def _paired(asked: Requirement, row: Row, table: Sequence[Row], results: Results) -> Judged:
    """Judge the ratios of a service to another in the repeats of one run, each a pair."""
    other = next((each for each in table if (each.service, each.load) == (asked.other, row.load)), None)
    if other is None or not other.windows:
        return _answer(asked, row, Finding.UNKNOWN, f"{asked.other} was not measured there")
    if FIGURES[asked.figure].latency and (diverges(row) or diverges(other)):
        return _answer(asked, row, Finding.UNKNOWN, GROWS)
    pairing = Pairing(before=other.service, after=row.service)
    figures = _pairs(asked, results, pairing, row.load)
    ratios = _ratios(figures)
    ends = interval(ratios)
    if ends is None:
        option = "--repeats" if len(_once(results)) > 2 else "--pairs"  # pairs are of two services
        why = f"needs {FEWEST_PAIRS} pairs ({option} {FEWEST_PAIRS}), and {len(ratios)} can be used"
        if doubts := together([*row.doubts, *other.doubts]):
            why += f": {_first(doubts)}"
        elif any(None in pair for pair in figures):
            why += f": {FIGURES[asked.figure].lacks}"
        elif len(ratios) < len(figures):
            why += f": {NO_RATIO}"
        return _answer(asked, row, Finding.UNKNOWN, why)
    why = f"{_times(asked, ends.low, ends.high)} in {len(ratios)} pairs"
    if chance := _chance(asked, results, pairing, row.load, ratios):
        return _answer(asked, row, Finding.UNKNOWN, f"{why}; {chance}")
    return _answer(asked, row, _side(asked, [ends.low, ends.high]), why)


def _pairs(
    asked: Requirement, results: Results, pairing: Pairing, load: Load
) -> list[tuple[float | None, float | None]]:
    """Return the figures of two services in each pair that can be trusted."""
    figure = FIGURES[asked.figure].of
    return [(figure(before), figure(after)) for before, after in trusted(results.steps, pairing, load)]


def _ratios(figures: Sequence[tuple[float | None, float | None]]) -> list[float]:
    return [each for before, after in figures if (each := ratio_of(before, after)) is not None]


def _chance(asked: Requirement, results: Results, pairing: Pairing, load: Load, ratios: Sequence[float]) -> str | None:
    """Return that a difference is no larger than that of a service from itself, or None if it is, or none is known."""
    named = (pairing.before, pairing.after)
    itself = next((each for each in results.options.pairings if each.itself and each.after not in named), None)
    if itself is None:
        return None
    own = interval(_ratios(_pairs(asked, results, itself, load)))
    noise = own.widest if own else inf
    found = Difference(pairing, load, asked.figure, None, None, tuple(ratios), noise)
    if found.says != UNKNOWN or replace(found, noise=0.0).says == UNKNOWN:
        return None
    differs = "cannot be told" if noise == inf else f"is up to {noise:.1%}"
    return f"the difference of {itself.before} from itself {differs}"


def _since(asked: Requirement, row: Row, earlier: Mapping[tuple[str, Load], Row]) -> Judged:
    """Judge the ratio of a row to that of an earlier run: the repeats are no pairs, so any two may belong together."""
    before = earlier.get((row.service, row.load))
    if before is None:
        return _answer(asked, row, Finding.UNKNOWN, "not measured before")
    doubts = [*(f"{BEFORE}: {each}" for each in before.doubts), *row.doubts]
    if FIGURES[asked.figure].latency and (diverges(row) or diverges(before)):
        doubts.append(GROWS)
    if doubts:
        return _answer(asked, row, Finding.UNKNOWN, _first(doubts))
    known, own = ([each for each in _figures(asked, one) if each is not None] for one in (before, row))
    if len(known) < len(before.windows) or len(own) < len(row.windows):
        return _answer(asked, row, Finding.UNKNOWN, FIGURES[asked.figure].lacks)
    if min(len(known), len(own)) < REPEATS:
        return _answer(asked, row, Finding.UNKNOWN, f"needs {REPEATS} repeats in both runs")
    ratios = _ratios([(first, last) for first in known for last in own])
    if len(ratios) < len(known) * len(own):
        return _answer(asked, row, Finding.UNKNOWN, NO_RATIO)
    low, high = min(ratios), max(ratios)
    why = f"{_times(asked, low, high)} at the extremes of the repeats; weaker than pairs in one run"
    return _answer(asked, row, _side(asked, [low, high]), why)


def _carries(asked: Requirement, name: str, own: Capacity | None, measure: Capacity | None) -> Judged:
    """Judge a capacity: it is at least the rate that passed, and below the one that failed."""
    if own is None:
        return _unknown(asked, name, "its capacity was not searched")
    low, high, why = own.passed, own.failed, _found(own)
    if asked.other is not None:
        if measure is None:
            return _unknown(asked, name, f"the capacity of {asked.other} was not searched")
        low = low / measure.failed if low and measure.failed else None
        high = high / measure.passed if high and measure.passed else None
        why += f"; {asked.other}: {_found(measure)}"
    enough = low is not None and asked.allows(low)
    few = high is not None and high <= asked.bound
    met, broken = (enough, few) if asked.grows else (few, low is not None and not enough)
    return Judged(asked, name, None, Finding.MET if met else Finding.BROKEN if broken else Finding.UNKNOWN, why)


def _held(asked: Requirement, name: str, own: Stalls | None) -> Judged:
    """Judge the longest stall of the findings of a service. Rare ones, which may be chance, are named only."""
    figure = FIGURES[STALLS]
    if own is None:
        return _unknown(asked, name, figure.lacks)
    if reasons := doubts(own):
        return _unknown(asked, name, _first(reasons))
    longest = worst(own)
    rare = max(own.rare, key=lambda each: each.worst_ms, default=None)
    beside = f"; seldom, {figure.shown([rare.worst_ms])} by {what(rare)}" if rare else ""
    if longest is not None:
        finding = Finding.MET if asked.allows(longest.worst_ms) else Finding.BROKEN
        return Judged(asked, name, None, finding, f"{figure.shown([longest.worst_ms])} by {what(longest)}{beside}")
    least = figure.shown([own.least_ms])
    if asked.bound < own.least_ms:
        return _unknown(asked, name, f"what lasts less than {least} was not counted{beside}")
    finding = Finding.MET if asked.allows(0.0) else Finding.BROKEN
    return Judged(asked, name, None, finding, f"nothing held the loop for {least} or longer{beside}")


def _stalls(results: Results) -> dict[str, Stalls]:
    return {each.service: each for each in results.stalls}


def _capacities(results: Results) -> dict[str, Capacity]:
    return {each.service: each for each in results.capacities}


def _found(capacity: Capacity) -> str:
    told = found(capacity)
    return f"unknown: {capacity.why}" if told == NONE else f"{told} arrivals/s"


def _answer(asked: Requirement, row: Row, finding: Finding, why: str) -> Judged:
    """Return an answer. Without the runs whose requests failed, nothing is met: the others show it at its best."""
    if finding == Finding.MET and (failed := _about_failures(row.left_out)):
        finding, why = Finding.UNKNOWN, f"{LEFT_OUT}: {_first(failed)}"
    return Judged(asked, row.service, row.load, finding, why)


def _figures(asked: Requirement, row: Row) -> list[float | None]:
    """Return the figure of each repeat of a row."""
    return [FIGURES[asked.figure].of(each) for each in row.repeats]


def _side(asked: Requirement, figures: Sequence[float]) -> Finding:
    """Return on which side of the requirement all figures are."""
    sides = {asked.allows(each) for each in figures}
    if len(sides) != 1:
        return Finding.UNKNOWN
    return Finding.MET if sides == {True} else Finding.BROKEN


def _shown(asked: Requirement, load: Load, figures: Sequence[float]) -> str:
    """Return the range of the figures. A latency of inf is that of requests that were given up."""
    finite = [each for each in figures if each != inf]
    ends = [FIGURES[asked.figure].shown(finite)] if finite else []
    if len(finite) < len(figures) and isinstance(load, Open):
        ends.append(beyond(load))
    return " to ".join(ends)


def _times(asked: Requirement, low: float, high: float) -> str:
    """Return a range of ratios. One of inf began at 0, or ended among lost requests."""
    if high == inf:
        return f"beyond every multiple of {asked.other}" if low == inf else f"at least {low:.3f} times {asked.other}"
    ends = dict.fromkeys(f"{each:.3f}" for each in (low, high))
    return f"{' to '.join(ends)} times {asked.other}"
