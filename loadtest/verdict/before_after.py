"""Compare two runs step by step: before and after."""

from dataclasses import dataclass
from math import inf

from loadtest.results.schema import Contender, Options, Results
from loadtest.workload.open import Open

from .aggregate import Row
from .alike import ALIKE
from .backlog import diverges
from .format import bracketed, latency
from .pairs import FASTER, SLOWER

RUNS = ("before", "after")

ALIKE_ENOUGH, WITHIN = f"under {ALIKE:.0%}", "within the spread"
"""Results of a comparison of two trusted steps, beside FASTER and SLOWER."""

NOTHING_IN_COMMON = "The runs have no step in common, so there is nothing to compare."

TOO_FEW_REPEATS = (
    "No difference between these runs can be told from chance: that needs two repeats of a step in both runs, as "
    "compare makes without --quick."
)


LOST = "unknown: requests were lost in {} repeats"

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
    def says(self) -> str:
        """The result of the comparison. Two repeats can agree by chance, so ALIKE is a threshold beside the spread."""
        if not (self.before.holds and self.after.holds):
            return "inconclusive"
        if self.spread is None:
            return "unknown: needs two repeats"
        if self._lost:
            return LOST.format(self._lost)
        if abs(self.difference) <= self.spread:
            return WITHIN
        if abs(self.difference) < ALIKE * max(self.values):
            return ALIKE_ENOUGH
        return FASTER if (self.difference > 0) == (self.rank is None) else SLOWER

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
    return None if any(change.spread is not None for change in found) else TOO_FEW_REPEATS


def verdict(found: list[Change]) -> list[str]:
    """List the figures that became better or worse, and count those without a clear difference or conclusion.

    Each step has one figure unless latency is compared too.
    """
    if not found:
        return [NOTHING_IN_COMMON]
    counted = f"{len(found)} {'steps' if all(change.rank is None for change in found) else 'figures'}"
    told = [_changed(change) for says in (FASTER, SLOWER) for change in found if change.says == says]
    same = sum(change.says in (WITHIN, ALIKE_ENOUGH) for change in found)
    unknown = len(found) - same - len(told)
    if same:
        told.append(f"No clear difference in {same} of {counted}: below {ALIKE:.0%}, or within the repeats' spread.")
    if unknown:
        told.append(f"No conclusion for {unknown} of {counted}: the table gives the reasons.")
    return told


def conclusion(found: list[Change]) -> str:
    """Return the largest clear difference of throughput as one sentence without its period."""
    found = [change for change in found if change.rank is None]
    changed = [change for change in found if change.says in (FASTER, SLOWER)]
    if changed:
        most = max(changed, key=lambda change: max(change.values) / max(1e-9, min(change.values)))
        return _changed(most).rstrip(".")
    if any(change.says in (WITHIN, ALIKE_ENOUGH) for change in found):
        return "No step shows a clear difference of throughput"
    return "No step allows a conclusion on throughput"


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
    before, after = (f"{shown}{_unit(change, value)}" for shown, value in zip(change.shown, change.values, strict=True))
    what = "" if change.rank is None else f"{change.figure.partition(',')[0]} "
    times = "" if change.ratio is None else f" (ratio {change.ratio:.2f})"
    row = change.after
    return f"{row.service} at {row.load.label} is {change.says}: {what}{before} before, {after} after{times}."


def _unit(change: Change, value: float) -> str:
    """Return the unit that a figure lacks: one beyond the clients' patience has it."""
    if change.rank is None:
        return "/s"
    return "" if value == inf else " ms"


def _made(contender: Contender) -> str:
    told = " ".join(f"{name}={value}" for name, value in contender.environment.items())
    return f"{contender.made_of} ({told})" if told else contender.made_of


def _short(one: object, other: object) -> str:
    """Return `one` as text; of a mapping, only the entries that `other` lacks or has with another value."""
    if isinstance(one, dict) and isinstance(other, dict):
        return ", ".join(f"{name} {value}" for name, value in one.items() if other.get(name) != value) or "none"
    return str(one)
