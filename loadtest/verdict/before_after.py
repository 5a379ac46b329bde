"""Compare two runs step by step: before and after."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, inf

from loadtest.english import count, listed, plural_of
from loadtest.results.schema import Contender, Options, Results
from loadtest.workload.open import Open

from .aggregate import Row
from .alike import ALIKE
from .backlog import diverges
from .format import bracketed, latency, readable
from .pairs import EQUAL, FASTER, SLOWER, TELLING, UNKNOWN, up

RUNS = ("before", "after")

NOTHING_IN_COMMON = "The runs have no step in common, so there is nothing to compare."

REPEATS = 6
"""Repeats to advise: of two equal runs all repeats of one are faster in 1 of 462 comparisons, with two in 1 of 3."""

CANNOT_BE_TOLD = "Faster or slower cannot be told"

TOO_FEW_REPEATS = f"{CANNOT_BE_TOLD}: no step was measured twice in both runs."

NOTHING_TRUSTED = f"{CANNOT_BE_TOLD}: no step can be trusted in both runs."

MEASURE_AGAIN = "Only repeats show how much of a difference is chance. Measure again with more of them:"
"""The sentence above the commands of `advised`."""

ONE_REPEAT = "one repeat"
LOST = "requests were lost in {} repeats"

RANKS = (0.99, 0.9, 0.5)
"""The percentiles of latency that are compared under open loads: the highest that both runs have."""


@dataclass(frozen=True)
class Change:
    """One figure of one service under one load, before and after."""

    before: Row
    after: Row
    rank: float | None = None
    """The rank of the percentile of latency that is compared (0 to 1); None: throughput."""

    @property
    def figure(self) -> str:
        """The figure with its unit."""
        return "throughput, requests/s" if self.rank is None else f"p{self.rank * 100:.0f}, ms"

    @property
    def values(self) -> tuple[float, float]:
        """The figure before and after. A latency is inf if it is that of requests that were lost."""
        return self._of(self.before), self._of(self.after)

    @property
    def shown(self) -> tuple[str, str]:
        """The figure before and after in words, without its unit."""
        rows = (self.before, self.after)
        if self.rank is None:
            return f"{self.before.throughput:.1f}", f"{self.after.throughput:.1f}"
        first, last = (latency(row.percentile(self.rank), row.load) for row in rows)
        return first, last

    @property
    def measured(self) -> tuple[str, str]:
        """The figure before and after in words, with its unit."""
        if self.rank is None:
            return f"{readable(self.before.throughput)}/s", f"{readable(self.after.throughput)}/s"
        first, last = (
            f"{each}{'' if value == inf else ' ms'}" for each, value in zip(self.shown, self.values, strict=True)
        )
        return first, last

    @property
    def times(self) -> str:
        """The ratio in words, with its range if that is known; "" without a ratio."""
        if self.ratio is None:
            return ""
        ends = f", {self.range[0]:.2f} to {self.range[1]:.2f}" if self.range else ""
        return f"{self.ratio:.2f} times{ends}"

    @property
    def marked(self) -> list[str]:
        """The figure before and after in words, in brackets if it is inconclusive."""
        rows = (self.before, self.after)
        return [bracketed(figure, holds=row.holds) for figure, row in zip(self.shown, rows, strict=True)]

    @property
    def ratio(self) -> float | None:
        """The figure after over that before, or None if the latter is 0, or either is inf."""
        before, after = self.values
        return after / before if before and inf not in (before, after) else None

    @property
    def difference(self) -> float:
        """The growth of the figure in its unit."""
        before, after = self.values
        return 0.0 if before == after else after - before

    @property
    def spread(self) -> float | None:
        """The sum of both spreads in the unit of the figure, or None if either step has a single repeat."""
        if min(len(self.before.windows), len(self.after.windows)) < 2:
            return None
        repeats = [self._each(row) for row in (self.before, self.after)]
        return sum((max(each) - min(each)) / 2 for each in repeats if inf not in each)

    @property
    def ends(self) -> list[tuple[float, float] | None]:
        """The least and the greatest value of the repeats, before and after; None for one repeat or lost requests."""
        each = [self._each(row) for row in (self.before, self.after)]
        return [None if len(known) < 2 or inf in known else (min(known), max(known)) for known in each]

    @property
    def range(self) -> tuple[float, float] | None:
        """The least and the greatest ratio of a repeat after to a repeat before; None if unknown."""
        before, after = (self._each(row) for row in (self.before, self.after))
        if self.spread is None or min(before) == 0 or inf in (*before, *after):
            return None
        return min(after) / max(before), max(after) / min(before)

    @property
    def widest(self) -> float:
        """The largest difference within the range, as a share."""
        if self.range is None:
            return 0.0 if self.difference == 0 else inf
        low, high = self.range
        return max(high, 1 / low if low else inf) - 1

    @property
    def finding(self) -> str:
        """FASTER, SLOWER, EQUAL or UNKNOWN. Two repeats can agree by chance: ALIKE is a threshold beside the spread."""
        if self.spread is None or self.doubt:
            return UNKNOWN
        if abs(self.difference) > self.spread and abs(self.difference) >= ALIKE * max(self.values):
            return FASTER if (self.difference > 0) == (self.rank is None) else SLOWER
        return EQUAL if self.widest <= TELLING else UNKNOWN

    @property
    def clear(self) -> bool:
        """True if the figure certainly differs."""
        return self.finding in (FASTER, SLOWER)

    @property
    def doubt(self) -> str | None:
        """The reason why nothing can be told, or None if that depends on the figures."""
        if not (self.before.holds and self.after.holds):
            return "inconclusive"
        if self.spread is None:
            return ONE_REPEAT
        return LOST.format(self._lost) if self._lost else None

    @property
    def says(self) -> str:
        """The finding in words: how large a difference can be, or why none can be told."""
        if self.finding == EQUAL:
            return f"no difference larger than {up(self.widest)}"
        if self.finding != UNKNOWN:
            return self.finding
        return f"{UNKNOWN}: {self.doubt or 'the repeats differ more'}"

    @property
    def _lost(self) -> str | None:
        """Return which repeats have inf for the figure if that leaves nothing to compare, or None."""
        repeats = [self._each(row) for row in (self.before, self.after)]
        if any(0 < each.count(inf) < len(each) for each in repeats):
            return "some"
        return "all" if all(inf in each for each in repeats) else None

    def _of(self, row: Row) -> float:
        return row.throughput if self.rank is None else row.percentile(self.rank) or 0.0

    def _each(self, row: Row) -> list[float]:
        return [self._of(each) for each in row.repeats]


def changes(before: list[Row], after: list[Row]) -> list[Change]:
    """Return the steps that both runs measured: their throughput and, under an open load, also their latency.

    Throughput under an open load follows the arrivals as long as the service keeps up.
    """
    known = {(row.service, row.load): row for row in after if row.windows}
    both = [(row, known[row.service, row.load]) for row in before if row.windows and (row.service, row.load) in known]
    found = []
    for first, last in both:
        found.append(Change(first, last))
        if isinstance(first.load, Open) and (rank := _common(first, last)) is not None:
            found.append(Change(first, last, rank))
    return found


def latencies(found: list[Change]) -> list[Change]:
    """Return the latency of the steps of `found`, by the highest percentile that both runs have."""
    steps = [(each.before, each.after) for each in found if each.rank is None]
    return [Change(first, last, rank) for first, last in steps if (rank := _common(first, last)) is not None]


def _common(before: Row, after: Row) -> float | None:
    """Return the highest rank of RANKS that each repeat of both rows has, or None; also where a backlog grows."""
    if diverges(before) or diverges(after):
        return None
    repeats = [*before.repeats, *after.repeats]
    return next((rank for rank in RANKS if all(each.percentile(rank) is not None for each in repeats)), None)


def refuse_others(before: Options, after: Options) -> None:
    """Refuse two runs with different scenarios, delays, kinds of load or think times.

    Raises:
        ValueError: with one sentence that names the difference.

    """
    others = _conditions(after)
    for name, one in _conditions(before).items():
        other = others.get(name, one)
        if one != other:
            raise ValueError(f"The runs cannot be compared: their {name} is {one} before and {other} after.")


def _conditions(options: Options) -> dict[str, object]:
    found: dict[str, object] = {"scenario": options.scenario, "delay": options.delay}
    for load in options.loads:
        found |= {"load": load.kind, **load.conditions}
    return found


def nothing_to_tell(found: list[Change]) -> str | None:
    """Return why no step of two runs can be told to differ, or None if that depends on the figures."""
    if not found:
        return NOTHING_IN_COMMON
    if not any(change.before.holds and change.after.holds for change in found):
        return NOTHING_TRUSTED
    return None if any(change.spread is not None for change in found) else TOO_FEW_REPEATS


def advised(before: Results, after: Results, nothing: str | None) -> list[str]:
    """Return the commands of the runs that measured each step once, with REPEATS repeats, if only these are missing.

    `nothing`: why nothing can be told.
    """
    runs = [run for run in (before, after) if run.options.repeats < 2] if nothing == TOO_FEW_REPEATS else []
    return list(dict.fromkeys(repeated(run.command, "--repeats", REPEATS) for run in runs))


def repeated(command: Sequence[str], option: str, times: int) -> str:
    """Return a command as typed, with another value of an option."""
    kept = [
        word
        for place, word in enumerate(command)
        if word != option and not word.startswith(f"{option}=") and (place == 0 or command[place - 1] != option)
    ]
    return shlex.join([*kept, option, str(times)])


def verdict(found: list[Change]) -> list[str]:
    """List the figures that became better or worse, and count those without a clear difference or conclusion.

    Each step has one figure unless latency is compared too.
    """
    if not found:
        return [NOTHING_IN_COMMON]
    counted = f"{len(found)} {_what(found, len(found))}"
    told = [f"{_changed(change)}." for says in (FASTER, SLOWER) for change in found if change.finding == says]
    same = [change for change in found if change.finding == EQUAL]
    unknown = len(found) - len(same) - len(told)
    if same:
        told.append(f"{_alike(same)} in {len(same)} of {counted}.")
    if unknown:
        told.append(f"{unknown} of {counted} cannot be told: the table gives the reasons.")
    return [*told, *_chance(found)]


def _chance(found: list[Change]) -> list[str]:
    """State how often equal runs differ as clearly, if repeats are few: each of one then exceeds each of the other."""
    repeats = [(len(each.before.windows), len(each.after.windows)) for each in found if each.clear]
    first, last = min(repeats, key=sum, default=(REPEATS, REPEATS))
    if first + last >= 2 * REPEATS:
        return []
    by_chance = comb(first + last, first) // 2
    return [
        f"After {first} and {last} repeats, 1 of {by_chance} comparisons of equal runs looks as clear; after {REPEATS} "
        f"each, 1 of {comb(2 * REPEATS, REPEATS) // 2}."
    ]


def conclusion(found: list[Change]) -> str:
    """Return the largest clear difference as one sentence without its period, and how many others there are."""
    if not found:
        return NOTHING_IN_COMMON.rstrip(".")
    changed = [change for change in found if change.clear]
    if changed:
        most = max(changed, key=_size)
        others = [each.finding for each in changed if each is not most]
        told = listed([f"{others.count(says)} {says}" for says in (FASTER, SLOWER) if says in others] or [""])
        more = f"; {count(len(others), f'other {_what(found, 1)}')} changed: {told}" if others else ""
        before, after = most.measured
        what = "" if most.rank is None else f" in {most.figure.partition(',')[0]}"
        times = f" ({most.ratio:.2f} times)" if most.ratio is not None else ""
        row = most.after
        return f"At {row.load.label} {row.service} is {most.says}{what}: {after} instead of {before}{times}{more}"
    if same := [change for change in found if change.finding == EQUAL]:
        some = f" in {len(same)} of {len(found)} {_what(found, len(found))}; the others cannot be told"
        return f"{_alike(same)}{some if len(same) < len(found) else ' between before and after'}"
    return (nothing_to_tell(found) or f"{CANNOT_BE_TOLD}: the table gives the reasons").rstrip(".")


def _size(change: Change) -> tuple[float, float]:
    """Return how large a difference is, with the load: of equal ones the largest load counts."""
    return round(
        max(change.values) / max(1e-9, min(change.values)), 2
    ) if inf not in change.values else inf, change.after.load.amount


def _what(found: list[Change], number: int) -> str:
    return plural_of(number, "step" if all(change.rank is None for change in found) else "figure")


def _alike(same: list[Change]) -> str:
    return f"No difference larger than {up(max(change.widest for change in same))} among the repeats"


def only(before: list[Row], after: list[Row]) -> list[str]:
    """List the steps that only one run measured."""
    told = []
    for name, rows, others in ((RUNS[0], before, after), (RUNS[1], after, before)):
        known = {(row.service, row.load) for row in others if row.windows}
        missing = [row for row in rows if row.windows and (row.service, row.load) not in known]
        told += [f"Measured only {name}: {row.service} at {row.load.label}." for row in missing]
    return told


def unlike(before: Results, after: Results) -> list[str]:
    """Return one sentence per difference of machine, service or completeness that may explain a change."""
    told = []
    for name in ("processor", "cores", "python", "packages"):
        one, other = getattr(before.machine, name), getattr(after.machine, name)
        if one != other:
            told.append(f"The machines differ in {name}: {_short(one, other)} before, {_short(other, one)} after.")
    if before.cores != after.cores:
        told.append(f"The runs differ in cores: {before.cores} before, {after.cores} after.")
    known = {each.name: each for each in after.contenders}
    told += [
        f"{each.name} differs: {_made(each)} before, {_made(known[each.name])} after."
        for each in before.contenders
        if each.name in known and _made(each) != _made(known[each.name])
    ]
    runs = zip(RUNS, (before, after), strict=True)
    return told + [f"The run {name} is incomplete." for name, run in runs if not run.complete]


def _changed(change: Change) -> str:
    before, after = change.measured
    what = "" if change.rank is None else f"{change.figure.partition(',')[0]} "
    times = f" ({change.times})" if change.times else ""
    row = change.after
    return f"{row.service} at {row.load.label} is {change.says}: {what}{before} before, {after} after{times}"


def _made(contender: Contender) -> str:
    told = " ".join(f"{name}={value}" for name, value in contender.environment.items())
    return f"{contender.made_of} ({told})" if told else contender.made_of


def _short(one: object, other: object) -> str:
    """Return `one` as text; of a mapping, only the entries that `other` lacks or has with another value."""
    if isinstance(one, dict) and isinstance(other, dict):
        return ", ".join(f"{name} {value}" for name, value in one.items() if other.get(name) != value) or "none"
    return str(one)
