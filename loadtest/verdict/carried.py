"""State which of several services carries more load within the same objective, from the rates that a run tried."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

from loadtest.english import duration, listed

from .aggregate import Row
from .backlog import diverges
from .format import limit

RANKS = {0.99: "99% of the requests", 0.9: "90% of the requests", 0.5: "half of the requests"}
"""The percentiles that sentences state, the highest first, in words."""


@dataclass(frozen=True)
class _Carried:
    """The highest rate at which a service met the objective, and what is known of higher ones."""

    row: Row
    higher: str
    """The result at a higher rate, in words."""
    failed: float | None
    """The lowest higher rate at which the service did not meet the objective, or None if there is none."""


def carried(table: list[Row], deadlines: Sequence[float]) -> list[str]:
    """State the highest rate at which each service met an objective, and who carries more than whom.

    The objective is that a share of the requests is answered within the deadline; without one, within the longest of
    the services' own latencies at these rates. The share is the one that is known of the most services.
    """
    deadline = deadlines[0] * 1000 if deadlines else None
    met = {rank: _best(table, rank, deadline or inf) for rank in RANKS}
    rank = max(met, key=lambda rank: len(met[rank]))
    if len(met[rank]) < 2:
        return []
    within = deadline or max(row.percentile(rank) or 0.0 for row in met[rank])
    found = sorted((_carried(row, table, rank, within) for row in met[rank]), key=lambda each: -each.row.load.amount)
    time = duration(within) if deadline is None else limit(deadlines[0])
    first, *others = (f"by {each.row.service} up to {_at(each, place)}" for place, each in enumerate(found))
    told = f"Within {time}, {RANKS[rank]} are answered {listed([first, *others])}."
    return [told, *(f"{who} carries {listed(what)}." for who, what in _more(found))]


def _at(each: _Carried, place: int) -> str:
    load = each.row.load
    return f"{load.amount if place else load.label} ({each.higher})"


def _best(table: list[Row], rank: float, deadline: float) -> list[Row]:
    """Return of each service the row with the highest rate at which it met the deadline."""
    best: dict[str, Row] = {}
    for row in table:  # in ascending order of the rates of a service
        latency = row.percentile(rank)
        if row.holds and not diverges(row) and latency is not None and latency < inf and latency <= deadline:
            best[row.service] = row
    return list(best.values())


def _carried(row: Row, table: list[Row], rank: float, within: float) -> _Carried:
    higher = [each for each in table if each.service == row.service and each.load.amount > row.load.amount]
    for each in (each for each in higher if each.holds):
        latency = each.percentile(rank)
        if diverges(each):
            return _Carried(row, f"at {each.load.amount} it diverges", each.load.amount)
        if latency is not None and latency > within:
            took = "some get no answer" if latency == inf else f"they take {duration(latency)}"
            return _Carried(row, f"at {each.load.amount} {took}", each.load.amount)
    tried = [each for each in higher if each.windows]
    return _Carried(row, f"{tried[0].load.amount} is inconclusive" if tried else "no higher rate was tried", None)


def _more(found: list[_Carried]) -> Iterator[tuple[str, list[str]]]:
    """Yield each service that carries more than others, and how many times as much.

    Between the highest rate that a service carried and the lowest that it did not, nothing is known. Only the rate that
    one carried, divided by one that the other did not carry, is therefore exceeded for certain.
    """
    more: dict[str, list[str]] = {}
    for one, other in combinations(found, 2):
        if other.failed is not None and one.row.load.amount >= other.failed:
            times = one.row.load.amount / other.failed
            told = "more load than" if times == 1 else f"more than {times:.1f} times the load of"
            more.setdefault(one.row.service, []).append(f"{told} {other.row.service}")
    yield from more.items()
