"""The verdict of a run in sentences. Findings use only trusted rows; every other row is listed as inconclusive."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.english import count, duration, listed
from loadtest.results.schema import Contender, Results
from loadtest.workload import Load
from loadtest.workload.demand import BLOCKED, CPU, DEADLOCK, SLOTS, STANDSTILL, Limit
from loadtest.workload.scenarios import POOL, POOLS

from . import pairs
from .aggregate import Row
from .alike import ALIKE, alike
from .bounds import KEEPS_UP
from .cause import cause
from .doubts import shape, together
from .format import per_second, span
from .headline import headline
from .inferred import sentence
from .open_comparison import blocked, findings, is_open

TENTHS = "{:.1f}".format

FEW = 2
"""Sentences on inconclusive steps that are told in brief; of more, their number is."""

MANY = 3
"""Services above which the inconclusive steps with the same reasons share a sentence."""


@dataclass(frozen=True)
class Verdict:
    """The findings of a run in sentences, from trusted rows alone."""

    headline: str
    """The finding at the largest load, without a full stop."""
    services: list[str]
    """The answers that the user asked for (pairs, advice), then the limit of each service, beginning with its name."""
    notes: list[str]
    """Comparisons of several services: at the smallest load, at the largest, and of their cost."""
    doubts: list[str]
    """The cause that many inconclusive rows share, the rows with their reasons, and how an incomplete run ended."""
    brief: list[str]
    """`doubts` without the single rows, if there are many."""

    @property
    def sentences(self) -> list[str]:
        """All but the headline."""
        return [*self.services, *self.notes, *self.doubts]


def verdict(results: Results, table: list[Row]) -> Verdict:
    """Return the verdict of a comparison."""
    alone = not results.options.pairings  # pairs say more of two services than their loads do
    services = [*pairs.sentences(results), *(f"{each.sentence} {each.note}".rstrip() for each in results.advice)]
    if is_open(results):
        limits, notes = findings(results, table)
    else:
        limits = _limits(results, table)
        notes = [*_few(table), *compared(table)] if alone else []
    notes += [*_pools(table, results.contenders), *(_price(table) if alone else [])]
    notes += _cpu_alone(table, results.contenders)
    causes, doubts = cause(table), doubtful(table)
    end = [] if results.complete else [f"The run {ended(results)} Only the steps measured until then are shown."]
    every = ([*causes, *each, *end] for each in (doubts, in_brief(doubts, table)))
    return Verdict(headline(results, table), [*services, *limits], notes, *every)


def in_brief(doubts: list[str], table: Iterable[Row]) -> list[str]:
    """Return the sentences on inconclusive rows or, of many, one with the number of rows."""
    if len(doubts) <= FEW:
        return doubts
    steps = count(sum(bool(row.doubts) for row in table), "inconclusive step")
    return [f"Brackets: {steps}; --details gives the reasons."]


def _limits(results: Results, table: list[Row]) -> list[str]:
    """Return up to which load each service keeps up, and the limits that were inferred."""
    kept = [
        told
        for contender in results.contenders
        for told in _keeping_up(contender, [row for row in table if row.service == contender.name])
    ]
    return kept + [sentence(each.name, each.inferred, each.slots) for each in results.contenders if each.inferred]


def ended(results: Results) -> str:
    """Return how an incomplete run ended, as the predicate of a sentence."""
    return f"failed: {results.failure}" if results.failure else "was interrupted."


def conclusive(results: Results, table: list[Row]) -> bool:
    """Return True if the run is complete and every measured row can be trusted.

    Of a search: every answer is one. Of a run that watched event loops: nothing is in doubt of what held them.
    """
    if results.stalls:
        return results.complete and not any(each.doubts or not each.loops for each in results.stalls)
    if results.capacities:
        return results.complete and all(each.resolved for each in results.capacities)
    return results.complete and bool(table) and all(row.holds for row in table if row.windows)


def _few(table: list[Row]) -> list[str]:
    *_, fewest = _by_falling_load(table) or [[]]
    held = [row for row in fewest if row.holds]
    if len(held) < 2:
        return []
    slowest, fastest = min(held, key=_rate), max(held, key=_rate)
    at = f"At {held[0].load.label}"
    if alike(slowest, fastest):
        return [_equal(at, held)]
    ends = [f"{row.throughput:.1f}/s ({row.service})" for row in (slowest, fastest)]
    return [f"{at} throughput ranges from {' to '.join(ends)}."]


def _equal(at: str, held: list[Row]) -> str:
    rates = span([*map(_rate, held)], TENTHS)
    return f"{at} throughput is equal within {ALIKE:.0%}: {_list(held)} reach {rates} requests/s."


def _keeping_up(contender: Contender, table: list[Row]) -> list[str]:
    """State the largest load that a service keeps up with, and what happens at the next one; trusted rows only."""
    held = [row for row in table if row.holds]
    if not held:
        return []
    if held[0].bound == BLOCKED:
        return [blocked(contender)]
    if contender.demand is None and (held[0] is not table[0] or len(held) < 2):
        return [_unknown(held[-1])]  # without a model, the first row is the measure for all others
    fell = next((row for row in held if row.throughput < KEEPS_UP * _unhindered(contender, row, held[0])), None)
    kept = [row.load for row in held if fell is None or row.load.amount < fell.load.amount]
    if fell is None:
        tried = ", the highest load tried" if kept[-1] == table[-1].load else ""
        return [f"{contender.name} keeps up with {kept[-1].label}{tried}."]
    told = _kept(contender, kept[-1]) if kept else "does not keep up even at the smallest load with trusted figures"
    return [f"{contender.name} {told}; at {fell.load.label} {_fall(contender, fell)}."]


def _unknown(row: Row) -> str:
    return (
        f"{row.service} reaches {row.throughput:.1f}/s at {row.load.label}; whether it keeps up is unknown, because "
        "that takes a conclusive step at the smallest load and another one."
    )


def _unhindered(contender: Contender, row: Row, first: Row) -> float:
    """Return the throughput if nothing limits it: from the model, or without one by scaling the first row's."""
    if contender.demand is None:
        return first.throughput * row.load.amount / first.load.amount
    return row.load.unhindered(contender.demand)


def _kept(contender: Contender, kept: Load) -> str:
    demand, told = contender.demand, f"keeps up with {kept.label}"
    if contender.inferred and contender.slots is None:  # a sentence of its own says what was inferred
        return told
    if demand is None or demand.tightest is None or (most := kept.at_knee(demand)) is None:
        return told
    if kept == most or (kept.amount < most.amount and demand.patience is None):
        return f"{told} and has {_room(demand.tightest, most.amount)}"
    return told


def _room(limit: Limit, users: float) -> str:
    """Return the limit in words; `users` is the number of users that it carries without a queue."""
    if limit.name == SLOTS:
        return f"slots for {users}"
    if limit.name == CPU:
        return f"CPU time for {per_second(limit.throughput)} requests/s"
    capacity = count(limit.capacity, limit.name.removesuffix("s"))
    if limit.name.endswith(POOL):
        capacity = f"{count(limit.capacity, 'connection')} in its {limit.name}"
    return capacity if users == limit.capacity else f"{capacity}, enough for {count(users, 'user')}"


def _fall(contender: Contender, fell: Row) -> str:
    if fell.bound == DEADLOCK and contender.demand is not None and contender.demand.patience is not None:
        return (
            f"it deadlocks: requests that wait for an answer hold all {contender.slots} slots, the answers queue for a "
            f"slot, and {fell.failures} of {fell.requests} requests time out after {contender.demand.patience:g} s"
        )
    median = fell.percentile(0.5)
    reached = f"{fell.throughput:.1f}/s" + ("" if median is None else f", median {duration(median)}")
    if fell.predicted is None or fell.predicted.bound != SLOTS or (fell.ratio or 0.0) < KEEPS_UP:
        its = "its " if contender.demand and any(fell.bound == limit.name for limit in contender.demand.limits) else ""
        return f"it reaches {reached}, bound by {its}{fell.bound}"
    return f"requests wait for a worker: {reached}"


def compared(table: list[Row]) -> list[str]:
    """Compare the throughputs at the largest load with two trusted services outside a deadlock."""
    for group in _by_falling_load(table)[:-1]:
        held = sorted(filter(_serves, group), key=_rate, reverse=True)
        if len(held) < 2:
            continue
        best, others = held[0], held[1:]
        equal = [row for row in others if alike(row, best)]
        behind = [row for row in others if not alike(row, best)]
        if not behind:
            return [_equal(f"At {best.load.label}", held)]
        who = _list([best, *equal]) + " serve" if equal else f"{best.service} serves"
        ahead = [best.throughput, *map(_rate, equal)]
        times = [
            f"{span([rate / row.throughput for rate in ahead], TENTHS)} times as many requests as " for row in behind
        ]
        ratios = {each: [row for row, its in zip(behind, times, strict=True) if its == each] for each in times}
        told = [f"{each}{listed([row.service for row in slower])}" for each, slower in ratios.items()]
        rates = listed([f"{span([*map(_rate, slower)])}/s" for slower in ratios.values()])
        return [f"At {best.load.label} {who} {', '.join(told)}: {span(ahead)}/s against {rates}."]
    return []


def _pools(table: list[Row], contenders: list[Contender]) -> list[str]:
    """Explain that a pool limits blocking and non-blocking services alike, at the largest load where it binds both."""
    known = {contender.name: contender for contender in contenders}
    for group in _by_falling_load(table):
        bound = [row for row in group if row.holds and row.bound in POOLS]
        for name in dict.fromkeys(row.bound for row in bound):
            alike = [row for row in bound if row.bound == name]
            if len({known[row.service].kind for row in alike}) == 2:
                return [
                    f"At {alike[0].load.label} {_list(alike)} are bound by their {name}s, blocking or not: a coroutine "
                    f"waits more cheaply than a thread, but does not make the {name.removesuffix(' pool')} faster."
                ]
    return []


def _price(table: list[Row]) -> list[str]:
    """State what a request costs at the largest load where two services can be compared.

    Of those that the CPU binds there, state what a core serves at that cost.
    """
    for group in _by_falling_load(table):
        costs = [(row, cost) for row in filter(_serves, group) if (cost := row.cpu_per_request)]
        if len(costs) < 2:
            continue
        told = ", ".join(f"{row.service} {cost:.0f} µs" for row, cost in costs)
        most = [f"{per_second(1e6 / cost)}/s ({row.service})" for row, cost in costs if row.bound == CPU]
        limit = f"; one core serves at most {listed(most)}, however long requests wait" if most else ""
        return [f"CPU time per request at {group[0].load.label}: {told}{limit}."]
    return []


def _cpu_alone(table: list[Row], contenders: list[Contender]) -> list[str]:
    """State that waiting has nothing to do with the result if the CPU binds every service at its largest load."""
    last = {row.service: row for row in table if row.windows}  # the rows of a service are in ascending order
    kinds = {each.kind for each in contenders if each.name in last}
    if not {"blocking", "non-blocking"} <= kinds or not all(_serves(row) and row.bound == CPU for row in last.values()):
        return []
    return [
        "The CPU binds every service at its largest load: there a non-blocking service gains only what a "
        "cheaper request saves, and nothing from waiting without a thread."
    ]


def doubtful(table: list[Row], where: str = "") -> list[str]:
    """List the inconclusive rows with their reasons; rows of a service that differ only in figures share a sentence.

    Of many services that share their reasons there is one sentence. `where`: words that say which of several
    comparisons the rows belong to.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in table:
        if row.doubts:
            groups.setdefault((row.service, *map(shape, row.doubts)), []).append(row)
    reasons: dict[tuple[str, ...], list[list[Row]]] = {}
    for (_, *shapes), group in groups.items():
        reasons.setdefault(tuple(shapes), []).append(group)
    told = [sentence for services in reasons.values() for sentence in _doubted(services, where)]
    return [*told, *(_left_out(row) for row in table if row.left_out)]


def _doubted(services: list[list[Row]], where: str) -> list[str]:
    """Return the sentences on the inconclusive rows of services that share their reasons."""
    at = f"{where} at".lstrip()
    if len(services) <= MANY:
        return [f"{rows[0].service} is inconclusive {at} {_loads(rows)}: {_because(rows)}." for rows in services]
    every = [row for rows in services for row in rows]
    which = "; ".join(f"{rows[0].service} at {_loads(rows)}" for rows in services)
    steps = f"{len(every)} steps of {len(services)} services are inconclusive {where}".rstrip()
    return [f"{steps}: {_because(every)}. These are {which}."]


def _left_out(row: Row) -> str:
    return f"Runs of {row.service} at {row.load.label} are left out, because {'; '.join(row.left_out)}."


def _loads(group: list[Row]) -> str:
    """Return the loads of the rows, such as `16 and 100 users`."""
    load = group[0].load
    return load.label if len(group) == 1 else f"{listed([str(row.load.amount) for row in group])} {load.unit}"


def _because(group: list[Row]) -> str:
    return "; ".join(together(doubt for row in group for doubt in row.doubts))


def _serves(row: Row) -> bool:
    """Return True if a row can be trusted and its requests succeed."""
    return row.holds and row.bound not in STANDSTILL


def _list(held: list[Row]) -> str:
    return listed(sorted(row.service for row in held))


def _rate(row: Row) -> float:
    return row.throughput


def _by_falling_load(table: list[Row]) -> list[list[Row]]:
    groups: dict[float, list[Row]] = {}
    for row in sorted(table, key=lambda row: -row.load.amount):
        groups.setdefault(row.load.amount, []).append(row)
    return list(groups.values())
