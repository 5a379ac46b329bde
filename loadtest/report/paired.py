"""Paired bars: figures of one service before and after, or of two services, with their ratios in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from loadtest.report.figures.theme import UNSURE
from loadtest.results.schema import Results
from loadtest.verdict import pairs
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.before_after import RUNS, Change
from loadtest.verdict.format import bracketed
from loadtest.workload import Load

ABREAST = 3
"""Loads of the first screen: the fewest, the middle and the most."""


@dataclass(frozen=True)
class Key:
    """The explanation of paired bars, in parts: of the bars, of the marks at their ends, and of ratios."""

    bars: str
    ends: str
    times: str


REPEATS = Key(
    "Each two bars have a scale of their own.",
    "Mark at the end of a bar, and range of the times: from the least repeat to the greatest.",
    "Times: after / before.",
)
"""The explanation of the bars of two runs."""

INTERVALS = Key(
    "Medians of the pairs; each two bars have a scale of their own.",
    "Mark at the end of the lower bar: the interval.",
    "Times: the lower bar / the upper one, with the interval.",
)
"""The explanation of the bars of two services."""


@dataclass(frozen=True)
class Bar:
    """A bar of two. `length` and `ends` are shares of the longest one, from 0 to 1; None where there is none."""

    name: str
    label: str
    length: float | None
    ends: tuple[float, float] | None
    """The least and the greatest of the repeats, or the ends of an interval."""
    holds: bool


@dataclass(frozen=True)
class Two:
    """Two bars on one scale, with what is said of their difference."""

    name: str
    says: str
    times: str
    """The ratio with its range, or ""."""
    clear: bool
    """True if both certainly differ."""
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Panel:
    """The bars under one load. `what`: the figure, or the services, that they show."""

    heading: str
    what: str
    twos: Sequence[Two]


@dataclass(frozen=True)
class Group:
    """Some panels with their title and their explanation."""

    name: str
    title: str
    caption: str
    panels: Sequence[Panel]


def of_changes(name: str, title: str, what: str, found: Sequence[Change]) -> list[Group]:
    """Return the figures of two runs under the fewest, the middle and the most load, then those under the others."""
    return _groups(name, title, what, REPEATS, [(each.after.load, _changed(each)) for each in found])


def of_pairs(results: Results) -> list[Group]:
    """Return the figures of the services of a run that were compared pair by pair, as `of_changes` does."""
    found, table = pairs.differences(results), rows(results)
    groups = []
    for pairing in sorted(results.options.pairings, key=lambda each: each.itself):
        who = f"{pairing.after} against {'itself' if pairing.itself else pairing.before}"
        known = [(each.load, _difference(each, table)) for each in found if each.pairing == pairing]
        groups += _groups(
            "itself" if pairing.itself else "paired",
            who,
            who,
            INTERVALS,
            known,
        )
    return groups


def _groups(name: str, title: str, what: str, key: Key, found: Sequence[tuple[Load, Two]]) -> list[Group]:
    loads = list(dict.fromkeys(load for load, _ in found))
    panels = {load: Panel(load.label, what, [two for its, two in found if its == load]) for load in loads}
    first, others = chosen(loads)
    groups = (
        (name, title, [panels[load] for load in first]),
        (f"{name}-others", f"{title} under the other loads", [panels[load] for load in others]),
    )
    return [Group(its, heading, _caption(key, drawn), drawn) for its, heading, drawn in groups if drawn]


def _caption(key: Key, panels: Sequence[Panel]) -> str:
    """Return the explanation of what is drawn in these panels, and of nothing else."""
    twos = [two for panel in panels for two in panel.twos]
    bars = [bar for two in twos for bar in two.bars]
    told = (
        (key.bars, True),
        (key.ends, any(bar.ends for bar in bars)),
        (key.times, any(two.times for two in twos)),
        (UNSURE, not all(bar.holds for bar in bars)),
    )
    return " ".join(sentence for sentence, drawn in told if drawn)


def chosen(loads: Sequence[Load]) -> tuple[list[Load], list[Load]]:
    """Return the fewest, the middle and the most of some loads, and the other ones."""
    first = list(loads) if len(loads) <= ABREAST else [loads[0], loads[len(loads) // 2], loads[-1]]
    return first, [load for load in loads if load not in first]


def _changed(change: Change) -> Two:
    figures = zip(RUNS, change.values, change.measured, change.ends, (change.before, change.after), strict=True)
    what = "" if change.rank is None else f", {change.figure.partition(',')[0]}"
    return _two(
        f"{change.after.service}{what}",
        change.says,
        change.times and bracketed(change.times, holds=change.before.holds and change.after.holds),
        change.clear,
        [(name, value, shown, ends, row.holds) for name, value, shown, ends, row in figures],
    )


def _difference(each: pairs.Difference, table: Sequence[Row]) -> Two:
    holds = bool(each.ratios)
    each = each if holds else pairs.untrusted(each, table)
    figures = zip(
        (each.pairing.before, each.pairing.after), (each.before, each.after), pairs.measured(each), strict=True
    )
    ends = None
    if each.interval and each.before and each.interval.high < inf:
        ends = (each.before * each.interval.low, each.before * each.interval.high)
    return _two(
        each.figure,
        *pairs.says(each),
        each.says in pairs.CHANGED,
        [(name, value, shown, ends if place else None, holds) for place, (name, value, shown) in enumerate(figures)],
    )


Known = tuple[str, float | None, str, tuple[float, float] | None, bool]
"""The name of a bar, its value, that in words, its ends, and False if it is inconclusive."""


def _two(name: str, says: str, times: str, clear: bool, known: Sequence[Known]) -> Two:
    drawn = [
        value for _, value, _, ends, _ in known for value in (value, *(ends or ())) if value is not None and value < inf
    ]
    longest = max(drawn, default=0.0) or 1.0
    bars = [
        Bar(
            its,
            bracketed(shown, holds=holds),
            None if value is None or value == inf else value / longest,
            None if ends is None else (ends[0] / longest, ends[1] / longest),
            holds,
        )
        for its, value, shown, ends, holds in known
    ]
    return Two(name, says, times, clear, bars)
