"""What a run says, in sentences for a newcomer. Each rests on rows that hold; the rest is named as inconclusive."""

from loadtest.english import duration, listed
from loadtest.results.schema import Contender, Results
from loadtest.workload import Load
from loadtest.workload.demand import DEADLOCK, SLOTS, Limit
from loadtest.workload.scenarios import POOLS

from .aggregate import Row
from .judge import KEEPS_UP

ALIKE = 0.05
"""Difference, as a share of the larger figure, below which two throughputs are called the same."""


def verdict(results: Results, table: list[Row]) -> list[str]:
    """The sentences, the most important first: small loads, where each stops keeping up, large loads, the price."""
    sentences = [*_few(table)]
    for contender in results.contenders:
        sentences += _keeping_up(contender, [row for row in table if row.service == contender.name])
    sentences += [*compared(table), *_pools(table, results.contenders), *_price(table), *doubtful(table)]
    if not results.complete:
        sentences.append(f"The run {ended(results)} This is what had been measured until then.")
    return sentences


def ended(results: Results) -> str:
    """How a run ended that is not complete."""
    return f"failed: {results.failure}" if results.failure else "was interrupted."


def conclusive(results: Results, table: list[Row]) -> bool:
    """Whether the run is complete and every row that was measured holds."""
    return results.complete and bool(table) and all(row.holds for row in table if row.windows)


def _few(table: list[Row]) -> list[str]:
    *_, fewest = _by_falling_load(table) or [[]]
    held = [row for row in fewest if row.holds]
    if len(held) < 2:
        return []
    slowest, fastest = min(held, key=_rate), max(held, key=_rate)
    who = f"At {held[0].load.label} "
    if _alike(slowest, fastest):
        rates = span([*map(_rate, held)], digits=1)
        return [f"{who}there is no difference: {_list(held)} answer {rates} requests a second."]
    return [
        f"{who}{fastest.service} answers {fastest.throughput:.1f} requests a second "
        f"and {slowest.service} {slowest.throughput:.1f}."
    ]


def _keeping_up(contender: Contender, table: list[Row]) -> list[str]:
    """How far one service keeps up, by the rows that hold, and what happens at the first that does not."""
    held = [row for row in table if row.holds]
    if not held:
        return []
    fell = next((row for row in held if row.throughput < KEEPS_UP * _unhindered(contender, row, held[0])), None)
    kept = [row.load for row in held if fell is None or row.load.amount < fell.load.amount]
    if fell is None:
        tried = ", the most that were tried" if kept[-1] == table[-1].load else ""
        return [f"{contender.name} keeps up with {kept[-1].label}{tried}."]
    told = _kept(contender, kept[-1]) if kept else f"does not keep up with the fewest {fell.load.unit} that hold"
    return [f"{contender.name} {told}; at {fell.load.label} {_fall(contender, fell)}."]


def _unhindered(contender: Contender, row: Row, first: Row) -> float:
    """The throughput of a row if nothing limited it; where nothing is foretold, as much more than the first's."""
    if contender.demand is None:
        return first.throughput * row.load.amount / first.load.amount
    return row.load.unhindered(contender.demand)


def _kept(contender: Contender, kept: Load) -> str:
    demand = contender.demand
    if demand is not None and demand.tightest is not None and (most := kept.at_knee(demand)) is not None:
        if kept == most:
            return f"keeps up to {most.label}, as many as its {_named(demand.tightest)} can serve"
        if kept.amount < most.amount and demand.patience is None:
            return f"keeps up with {kept.label}, and should up to {most.amount} by its {demand.tightest.name}"
    return f"keeps up with {kept.label}"


def _named(limit: Limit) -> str:
    return f"{limit.name} of {limit.capacity}" if limit.name in POOLS else f"{limit.capacity} {limit.name}"


def _fall(contender: Contender, fell: Row) -> str:
    if fell.bound == DEADLOCK and contender.demand is not None and contender.demand.patience is not None:
        return (
            f"there is a deadlock: all {contender.slots} slots hold requests that wait for answers, the answers queue "
            f"for a slot, and {fell.failures} of {fell.requests} requests end when their "
            f"{contender.demand.patience:g} s are over"
        )
    median = fell.percentile(0.5)
    waits = "" if median is None else f", and half of them wait longer than {duration(median)}"
    answers = f"it answers {fell.throughput:.1f} a second"
    if fell.predicted is None or fell.predicted.bound != SLOTS or (fell.ratio or 0.0) < KEEPS_UP:
        its = "its " if contender.demand and any(fell.bound == limit.name for limit in contender.demand.limits) else ""
        return f"{answers}, bound by {its}{fell.bound}{waits}"
    return f"requests queue: {answers}{waits}"


def compared(table: list[Row]) -> list[str]:
    """Who carries how many times the requests of whom, at the largest load where two of them can be compared."""
    for group in _by_falling_load(table)[:-1]:
        held = sorted((row for row in group if row.holds and row.bound != DEADLOCK), key=_rate, reverse=True)
        if len(held) < 2:
            continue
        best, others = held[0], held[1:]
        alike = [row for row in others if _alike(row, best)]
        behind = [row for row in others if not _alike(row, best)]
        if not behind:
            same = span([*map(_rate, held)], digits=1)
            return [f"At {best.load.label} there is no difference: {_list(held)} answer {same} a second."]
        who = _list([best, *alike]) + " carry" if alike else f"{best.service} carries"
        times = [f"{best.throughput / row.throughput:.1f} times the requests of " for row in behind]
        ratios = {each: [row for row, its in zip(behind, times, strict=True) if its == each] for each in times}
        told = [f"{each}{listed([row.service for row in slower])}" for each, slower in ratios.items()]
        rates = ", ".join(span([*map(_rate, slower)]) for slower in ratios.values())
        return [f"At {best.load.label} {who} {', '.join(told)}: {best.throughput:.0f} a second against {rates}."]
    return []


def _pools(table: list[Row], contenders: list[Contender]) -> list[str]:
    """What is to be seen where one pool binds services of both kinds: whoever waits for it, it lets no more through."""
    known = {contender.name: contender for contender in contenders}
    for group in _by_falling_load(table):
        bound = [row for row in group if row.holds and row.bound in POOLS]
        for name in dict.fromkeys(row.bound for row in bound):
            alike = [row for row in bound if row.bound == name]
            if len({known[row.service].kind for row in alike}) == 2:
                return [
                    f"At {alike[0].load.label} {_list(alike)} are bound by their {name}s, blocking or not: a coroutine "
                    "waits for a connection more cheaply than a thread, and makes what is behind it no faster."
                ]
    return []


def _price(table: list[Row]) -> list[str]:
    for group in _by_falling_load(table):
        held = [row for row in group if row.holds and row.bound != DEADLOCK and row.cpu_per_request]
        if len(held) >= 2:
            costs = [f"{row.service} {row.cpu_per_request:.0f}" for row in held]
            return [f"At {held[0].load.label} a request costs the service, in µs of CPU time: {', '.join(costs)}."]
    return []


def doubtful(table: list[Row]) -> list[str]:
    """What is inconclusive, and why."""
    return [
        f"Inconclusive: {row.service} at {row.load.label}, because {'; '.join(row.doubts)}."
        for row in table
        if row.doubts
    ]


def _alike(one: Row, other: Row) -> bool:
    return abs(one.throughput - other.throughput) <= ALIKE * max(one.throughput, other.throughput)


def span(rates: list[float], digits: int = 0) -> str:
    """The least and the most of some figures, or what both are to so many digits behind the point."""
    low, high = f"{min(rates):.{digits}f}", f"{max(rates):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _list(held: list[Row]) -> str:
    return listed(sorted(row.service for row in held))


def _rate(row: Row) -> float:
    return row.throughput


def _by_falling_load(table: list[Row]) -> list[list[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in sorted(table, key=lambda row: -row.load.amount):
        groups.setdefault(row.load.amount, []).append(row)
    return list(groups.values())
