"""Compare two runs step by step: before and after."""

from dataclasses import dataclass

from loadtest.results.schema import Contender, Options, Results
from loadtest.workload.open import Open

from .aggregate import Row
from .comparison import ALIKE

RUNS = ("before", "after")

FASTER, SLOWER, ALIKE_ENOUGH, WITHIN = "faster", "slower", f"under {ALIKE:.0%}", "within the spread"
"""Results of a comparison of two trusted steps."""

NOTHING_IN_COMMON = "The runs have no step in common, so there is nothing to compare."

TOO_FEW_REPEATS = (
    "No difference between these runs can be told from chance: that needs two repeats of a step in both runs, as "
    "compare makes without --quick."
)


OPEN = (
    "Throughput under an open load follows the arrivals as long as the service keeps up; a slower service shows in its "
    "latency, which is not compared here."
)


@dataclass(frozen=True)
class Pair:
    """One service under one load, before and after."""

    before: Row
    after: Row

    @property
    def ratio(self) -> float | None:
        """Throughput after over throughput before, or None if the latter is 0."""
        return self.after.throughput / self.before.throughput if self.before.throughput else None

    @property
    def difference(self) -> float:
        """The growth of throughput in requests per second."""
        return self.after.throughput - self.before.throughput

    @property
    def spread(self) -> float | None:
        """The sum of both spreads in requests per second, or None if either step has a single repeat."""
        if min(len(self.before.windows), len(self.after.windows)) < 2:
            return None
        return self.before.spread + self.after.spread

    @property
    def says(self) -> str:
        """The result of the comparison. Two repeats can agree by chance, so ALIKE is a threshold beside the spread."""
        if not (self.before.holds and self.after.holds):
            return "inconclusive"
        if self.spread is None:
            return "unknown: needs two repeats"
        if abs(self.difference) <= self.spread:
            return WITHIN
        if abs(self.difference) < ALIKE * max(self.before.throughput, self.after.throughput):
            return ALIKE_ENOUGH
        return FASTER if self.difference > 0 else SLOWER


def pairs(before: list[Row], after: list[Row]) -> list[Pair]:
    """Return the steps that both runs measured."""
    found = {(row.service, row.load): row for row in after if row.windows}
    return [
        Pair(row, found[row.service, row.load]) for row in before if row.windows and (row.service, row.load) in found
    ]


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


def nothing_to_tell(found: list[Pair]) -> str | None:
    """Return why no step of two runs can be told to differ, or None if that depends on the figures."""
    if not found:
        return NOTHING_IN_COMMON
    return None if any(pair.spread is not None for pair in found) else TOO_FEW_REPEATS


def verdict(found: list[Pair]) -> list[str]:
    """List the steps that became faster or slower, and count those without a clear difference or conclusion."""
    if not found:
        return [NOTHING_IN_COMMON]
    told = [_changed(pair) for says in (FASTER, SLOWER) for pair in found if pair.says == says]
    same = sum(pair.says in (WITHIN, ALIKE_ENOUGH) for pair in found)
    unknown = len(found) - same - len(told)
    if same:
        told.append(
            f"No clear difference in {same} of {len(found)} steps: below {ALIKE:.0%}, or within the repeats' spread."
        )
    if unknown:
        told.append(f"No conclusion for {unknown} of {len(found)} steps: the table gives the reasons.")
    return [*told, OPEN] if any(isinstance(pair.after.load, Open) for pair in found) else told


def conclusion(found: list[Pair]) -> str:
    """Return the largest clear difference as one sentence without its period."""
    changed = [pair for pair in found if pair.says in (FASTER, SLOWER)]
    if changed:
        most = max(changed, key=lambda pair: abs(pair.difference) / max(pair.before.throughput, pair.after.throughput))
        return _changed(most).rstrip(".")
    if any(pair.says in (WITHIN, ALIKE_ENOUGH) for pair in found):
        return "No step shows a clear difference"
    return "No step allows a conclusion"


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


def _changed(pair: Pair) -> str:
    rates = f"{pair.before.throughput:.1f}/s before, {pair.after.throughput:.1f}/s after"
    times = "" if pair.ratio is None else f" (ratio {pair.ratio:.2f})"
    return f"{pair.after.service} at {pair.after.load.label} is {pair.says}: {rates}{times}."


def _made(contender: Contender) -> str:
    told = " ".join(f"{name}={value}" for name, value in contender.environment.items())
    return f"{contender.made_of} ({told})" if told else contender.made_of


def _short(one: object, other: object) -> str:
    """Return `one` as text; of a mapping, only the entries that `other` lacks or has with another value."""
    if isinstance(one, dict) and isinstance(other, dict):
        return ", ".join(f"{name} {value}" for name, value in one.items() if other.get(name) != value) or "none"
    return str(one)
