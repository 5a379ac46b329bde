"""Steps of two runs side by side: what was before, and what came after."""

from dataclasses import dataclass

from loadtest.results.schema import Results

from .aggregate import Row
from .comparison import ALIKE

RUNS = ("before", "after")

FASTER, SLOWER, ALIKE_ENOUGH, WITHIN = "faster", "slower", f"under {ALIKE:.0%}", "within the spread"
"""What a difference that can be trusted may say."""


@dataclass(frozen=True)
class Pair:
    """One service under one load, before and after."""

    before: Row
    after: Row

    @property
    def ratio(self) -> float | None:
        """Throughput after over throughput before."""
        return self.after.throughput / self.before.throughput if self.before.throughput else None

    @property
    def difference(self) -> float:
        """Requests per second by which it grew."""
        return self.after.throughput - self.before.throughput

    @property
    def spread(self) -> float | None:
        """By how much the repeats of both alone may differ; None where either was measured once."""
        if min(len(self.before.windows), len(self.after.windows)) < 2:
            return None
        return self.before.spread + self.after.spread

    @property
    def says(self) -> str:
        """Whether the difference means anything: two repeats say little of how far a third would have been off."""
        if not (self.before.holds and self.after.holds):
            return "inconclusive"
        if self.spread is None:
            return "unknown: one repeat has no spread"
        if abs(self.difference) <= self.spread:
            return WITHIN
        if abs(self.difference) < ALIKE * max(self.before.throughput, self.after.throughput):
            return ALIKE_ENOUGH
        return FASTER if self.difference > 0 else SLOWER


def pairs(before: list[Row], after: list[Row]) -> list[Pair]:
    """The steps that both runs measured."""
    found = {(row.service, row.load): row for row in after if row.windows}
    return [
        Pair(row, found[row.service, row.load]) for row in before if row.windows and (row.service, row.load) in found
    ]


def refuse_others(before: Results, after: Results) -> None:
    """Refuse runs that asked for different things.

    Raises:
        ValueError: with one sentence that says in what they differ.

    """
    others = _conditions(after)
    for name, one in _conditions(before).items():
        other = others.get(name, one)
        if one != other:
            raise ValueError(f"The runs do not compare: their {name} is {one} before and {other} after.")


def _conditions(run: Results) -> dict[str, object]:
    found: dict[str, object] = {"scenario": run.options.scenario, "delay": run.options.delay}
    for load in run.options.loads:
        found |= {"load": load.kind, **load.conditions}
    return found


def verdict(found: list[Pair]) -> list[str]:
    """What has become faster or slower by more than the repeats differ, and how much cannot be told."""
    if not found:
        return ["The runs have no step in common: there is nothing to compare."]
    told = [_changed(pair) for says in (FASTER, SLOWER) for pair in found if pair.says == says]
    same = sum(pair.says in (WITHIN, ALIKE_ENOUGH) for pair in found)
    unknown = len(found) - same - len(told)
    if same:
        told.append(
            f"{same} of {len(found)} steps differ by less than {ALIKE:.0%}, or by no more than the repeats of both do."
        )
    if unknown:
        told.append(f"Of {unknown} of {len(found)} steps nothing can be told: the table says why.")
    return told


def conclusion(found: list[Pair]) -> str:
    """The largest difference that means anything."""
    changed = [pair for pair in found if pair.says in (FASTER, SLOWER)]
    if changed:
        most = max(changed, key=lambda pair: abs(pair.difference) / max(pair.before.throughput, pair.after.throughput))
        return _changed(most).rstrip(".")
    if any(pair.says in (WITHIN, ALIKE_ENOUGH) for pair in found):
        return "No step differs by as much as would mean anything"
    return "Whether anything differs cannot be told"


def only(before: list[Row], after: list[Row]) -> list[str]:
    """The steps that only one run measured."""
    told = []
    for name, rows, others in ((RUNS[0], before, after), (RUNS[1], after, before)):
        known = {(row.service, row.load) for row in others if row.windows}
        missing = [row for row in rows if row.windows and (row.service, row.load) not in known]
        told += [f"Only measured {name}: {row.service} at {row.load.label}." for row in missing]
    return told


def _changed(pair: Pair) -> str:
    rates = f"{pair.before.throughput:.1f} requests a second before, {pair.after.throughput:.1f} after"
    times = "" if pair.ratio is None else f", {pair.ratio:.2f} times as many"
    return f"{pair.after.service} at {pair.after.load.label} is {pair.says}: {rates}{times}."
