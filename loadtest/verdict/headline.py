"""The headline of a run: what its largest load shows, in one sentence without a full stop. Trusted rows only."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from loadtest.english import duration, listed
from loadtest.results.schema import Contender, Results
from loadtest.workload import Load
from loadtest.workload.demand import ARRIVALS, BLOCKED, DEADLOCK, STANDSTILL, USERS

from . import pairs
from .aggregate import Row
from .alike import alike
from .backlog import diverges
from .caps import cap, caps
from .format import limit, readable, span
from .open_comparison import answers, is_open

NOTHING_HOLDS = "Nothing can be concluded: no measured step can be trusted"

SHARES = {0.99: "99%", 0.9: "90%", 0.5: "half"}
"""The requests below each percentile, in words."""

NAMES = 3
"""The most services that a headline lists by name."""

T = TypeVar("T")

Resources = dict[str, str]
"""The resource that caps each service, by its name; "" if none of its own does."""


def headline(results: Results, table: Sequence[Row]) -> str:
    """Return the answer to one proposal, what pairs show, or what the services reach under the largest load."""
    if len(results.advice) == 1:
        return results.advice[0].sentence.rstrip(".")
    if results.options.pairings and any(row.holds for row in table):
        return pairs.headline(results)
    if is_open(results):
        return of_rates(table, results.options.deadlines)
    return of_users(table, results.contenders)


def of_users(table: Sequence[Row], contenders: Sequence[Contender]) -> str:
    """Return which services serve most at the largest load, and what caps the strongest and the weakest of the others.

    A service that was not run there, because fewer users saturate it, counts with what it served those.
    """
    load, rows, unknown = _largest(table)
    if load is None:
        return NOTHING_HOLDS
    known = {contender.name: contender for contender in contenders}
    resources = {row.service: cap(row, known[row.service]) for row in rows}
    serving = sorted((row for row in rows if row.bound not in STANDSTILL), key=lambda row: -row.throughput)
    best = [row for row in serving if alike(row, serving[0])]
    told = [_best(best, resources)] if best else []
    behind = _grouped(serving[len(best) :], resources)
    behind = behind if len(behind) <= 2 else [behind[0], behind[-1]]
    told.append(", ".join(_capped(group, resources) for group in behind))
    told += [_stuck(row, load) for row in rows if row.bound in STANDSTILL]
    return _joined(load, [*told, *_unknown(unknown)])


def of_rates(table: Sequence[Row], deadlines: Sequence[float]) -> str:
    """Return how fast services answer at the highest rate, and whose backlog grows; with a deadline, their goodput."""
    load, rows, unknown = _largest(table)
    if load is None:
        return NOTHING_HOLDS
    if deadlines:
        good = sorted(((row.goodput or 0.0, row.service) for row in rows), reverse=True)
        told = [f"{name} {readable(rate)}" for rate, name in _few(good)]
        good_answers = f"good answers a second (within {limit(deadlines[0])}): {', '.join(told)}"
        return _joined(load, [good_answers, *_unknown(unknown)])
    growing = [row for row in rows if diverges(row)]
    carried = sorted(
        (-rank, latency, row.service)
        for row in rows
        if row not in growing
        for rank, latency in filter(None, [answers(row)])
    )
    told = [", ".join(_within(carried[0][0], _few(carried)))] if carried else []
    told += [_growing(row, load) for row in _few(growing)]
    named = {name for _, _, name in carried} | {row.service for row in growing}
    told += [f"{row.service} loses arrivals" for row in rows if row.service not in named]
    return _joined(load, [*told, *_unknown(unknown)])


def _largest(table: Sequence[Row]) -> tuple[Load | None, list[Row], list[str]]:
    """Return the largest load with a trusted row, the rows to compare there, and the services that have none."""
    services = list(dict.fromkeys(row.service for row in table))
    load = max((row.load for row in table if row.holds), key=lambda load: load.amount, default=None)
    if load is None:
        return None, [], services
    found = {name: row for name in services if (row := _at(table, name, load))}
    return load, [*found.values()], [name for name in services if name not in found]


def _at(table: Sequence[Row], service: str, load: Load) -> Row | None:
    """Return the trusted row of a service at a load or, if it was not run there, its last one if it is saturated."""
    run = [row for row in table if row.service == service and row.load.amount <= load.amount and row.windows]
    last = run[-1] if run else None
    if last is None or not last.holds:
        return None
    return last if last.load == load or last.bound not in (USERS, ARRIVALS) else None


def _best(best: list[Row], resources: Resources) -> str:
    rates = span([row.throughput for row in best], readable)
    shared = {resources[row.service] for row in best}
    same = "the same " if len(best) > 1 and rates == readable(best[0].throughput) else ""
    capped = f", capped by {resource}" if len(shared) == 1 and (resource := shared.pop()) else ""
    return f"{_names(best)} {_serve(best)} {same}{rates} requests a second{capped}"


def _grouped(behind: list[Row], resources: Resources) -> list[list[Row]]:
    """Group services with the same cap and about the same throughput."""
    groups: list[list[Row]] = []
    for row in behind:
        first = groups[-1][0] if groups else None
        if first and resources[row.service] == resources[first.service] and alike(row, first):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _capped(group: list[Row], resources: Resources) -> str:
    resource, rates = resources[group[0].service], span([row.throughput for row in group], readable)
    if not resource:
        return f"{_names(group)} {_serve(group)} {rates}"
    return f"{resource} {caps(resource)} {_names(group)} at {rates}{' each' if len(group) > 1 else ''}"


def _within(best: float, carried: Sequence[tuple[float, float, str]]) -> Iterator[str]:
    """Yield how fast each service answers; what it answers so fast is said of the first one, and where it differs."""
    for place, (rank, latency, name) in enumerate(carried):
        said = "" if place and rank == best else f" answers {SHARES[-rank]}"
        yield f"{name}{said} within {duration(latency)}"


def _growing(row: Row, load: Load) -> str:
    return f"the backlog of {row.service} grows by {readable(row.slope or 0.0)} a second{_already(row, load)}"


def _stuck(row: Row, load: Load) -> str:
    says = {DEADLOCK: f"{row.service} deadlocks", BLOCKED: f"slow clients block {row.service}"}
    return says[row.bound] + _already(row, load)


def _already(row: Row, load: Load) -> str:
    return "" if row.load == load else f" already at {row.load.label}"


def _unknown(services: Sequence[str]) -> list[str]:
    if not services:
        return []
    return [f"{listed(services) if len(services) <= NAMES else f'{len(services)} services'} cannot be judged"]


def _names(rows: Sequence[Row]) -> str:
    names = [row.service for row in rows]
    return listed(names if len(names) <= NAMES else [names[0], f"{len(names) - 1} others"])


def _serve(rows: Sequence[Row]) -> str:
    return "serve" if len(rows) > 1 else "serves"


def _few(items: Sequence[T]) -> list[T]:
    """Return all items or, of many, the first ones and the last."""
    return list(items) if len(items) <= NAMES else [*items[: NAMES - 1], items[-1]]


def _joined(load: Load, told: Sequence[str]) -> str:
    return f"At {load.label} {'; '.join(filter(None, told))}"
