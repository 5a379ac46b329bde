"""The fifth picture: memory by requests in flight, and the slots and memory needed to match the best throughput."""

from dataclasses import dataclass
from math import ceil, floor, inf

import altair as alt

from loadtest.english import count
from loadtest.results.schema import Contender, Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row, known_costs
from loadtest.verdict.alike import ALIKE
from loadtest.verdict.memory import growth, in_flight
from loadtest.workload.demand import CPU, SLOTS, STANDSTILL
from loadtest.workload.open import Open

from .arrivals import left_out, steady
from .picture import Figure, Picture, Table, data
from .theme import HEIGHT, colour, marks, services, size, stretches

MIB = 2**20


@dataclass(frozen=True)
class Match:
    """The resources that a service would need to match the throughput of another one."""

    service: str
    needs: int
    """Slots."""
    has: int
    unit: str
    """The plural noun for its slots: threads or processes."""
    more: float | None
    """Bytes beyond its present memory; None if its growth was too small to tell."""
    cpu: float | None
    """Cores that it would use at its own CPU time per request; None if that is unknown."""


def picture(results: Results, table: list[Row]) -> Picture | None:
    """Return the picture of memory by requests in flight, or None if no memory was measured."""
    left = left_out(table)
    table = steady(table)
    run = [row for row in table if row.windows and row.memory is not None]
    if not run:
        return None
    cores = len(results.cores.service) or results.machine.cores
    best = best_of(results, table)
    matches = [] if best is None else [match for each in results.contenders if (match := matched(each, best, table))]
    return Picture(
        name="memory",
        title=title(results, table, best, matches),
        caption="Memory of all processes of a service. Requests in flight: throughput times response time (Little's "
        "law), queued requests included. On Linux shared memory is divided among the processes; elsewhere it is "
        f"counted once per process. Hollow mark: inconclusive.{left}"
        + "".join(f" {sentence(match, cores)}" for match in matches),
        figures=[Figure(chart(results, table), "Memory by requests in flight.")],
        table=_table(run),
    )


def title(results: Results, table: list[Row], best: Row | None, matches: list[Match]) -> str:
    """Return what others need to match the non-blocking service with the best throughput: slots, memory, CPU time."""
    if best is None:
        return "What matching throughput takes is unknown: no conclusive step of a non-blocking service"
    rates = {row.service: row.throughput for row in table if row.holds and row.load == best.load}
    ahead = [name for name, rate in rates.items() if rate > (1 + ALIKE) * best.throughput]
    if ahead:
        return f"At {best.load.label} {ahead[0]} has more throughput than {best.service}: nothing to match"
    unknown = [
        each.name
        for each in results.contenders
        if each.slots is not None and not any(row.service == each.name and row.holds for row in table)
    ]
    told = [_needs(match) for match in matches]
    for needs in (_short_of_cpu, _short_of_places):
        told += [what for each in results.contenders if (what := needs(each, best, table))]
    told += [f"the needs of {name} are unknown" for name in unknown]
    if not told:
        return f"No service needs more slots to match the throughput of {best.service} at {best.load.label}"
    return f"To match the throughput of {best.service} at {best.load.label}, {'; '.join(told)}"


def sentence(match: Match, cores: float) -> str:
    """Return a sentence with the present slots, unknown memory and CPU use of a match."""
    told = f"{match.service} has {match.has} {match.unit}"
    grown = f"the memory of more {match.unit} is unknown: its memory hardly grew" if match.more is None else ""
    cost = ""
    if match.cpu is not None:
        of = f" of {count(cores, 'core')}" if match.cpu < cores else f" cores, but it has only {cores}"
        cost = f"at that throughput it would use {match.cpu:.1f}{of}"
    return "; ".join(part for part in (told, grown, cost) if part) + "."


def best_of(results: Results, table: list[Row]) -> Row | None:
    """Return the conclusive non-blocking row with the most throughput; of similar rows, the one with least CPU time."""
    free = {each.name for each in results.contenders if each.kind == "non-blocking"}
    held = [row for row in table if row.service in free and row.holds and row.bound not in STANDSTILL]
    most = max((row.throughput for row in held), default=0.0)
    alike = [row for row in held if row.throughput >= (1 - ALIKE) * most]
    return min(alike, key=lambda row: (row.cpu_per_request or inf, -row.throughput), default=None)


def matched(contender: Contender, best: Row, table: list[Row]) -> Match | None:
    """Return the needs of `contender` to match `best`, or None if it needs no more slots or slots do not help."""
    if contender.demand is None or contender.slots is None or contender.processes is None:
        return None
    tightest = contender.demand.tightest
    if tightest is None or tightest.name != SLOTS or contender.demand.sheds:
        return None
    needs = _slots(best, tightest.held)
    if contender.demand.patience is not None:  # with only as many slots as users there is a deadlock
        if isinstance(best.load, Open):
            return None  # no number of slots is enough for every schedule
        needs = max(needs, best.load.users + 1)
    rows = [row for row in table if row.service == contender.name and row.holds]
    if needs <= contender.slots or not rows:
        return None
    alone = contender.slots == contender.processes
    if alone:
        each = per_process(rows[-1], contender.processes)
    else:
        grown = growth(rows, contender.slots)
        each = grown.each if grown else None
    cost = next((row.cpu_per_request for row in reversed(rows) if row.cpu_per_request), None)
    return Match(
        service=contender.name,
        needs=needs,
        has=contender.slots,
        unit="processes" if alone else "threads",
        more=None if each is None else each * (needs - contender.slots),
        cpu=None if cost is None else cost * best.throughput / 1e6,
    )


def _slots(best: Row, held: float) -> int:
    """Return the slots that carry the load of `best` if a request holds one for `held` seconds.

    With no more than arrivals at a rate need on average, their queue would grow without end.
    """
    if isinstance(best.load, Open) and not best.lost:
        return floor(best.load.rate * held) + 1
    return ceil(best.throughput * held)


def per_process(row: Row, processes: int) -> float | None:
    """Return an upper bound of the bytes of one more process: the mean of the present ones; the first cost most."""
    return None if row.memory is None else row.memory / (processes + 1)  # plus the master process


def chart(results: Results, table: list[Row]) -> alt.LayerChart:
    """Return a chart with a mark for each step of each service, joined by lines."""
    names = services([results])
    steps = [
        {
            "service": row.service,
            "amount": row.load.amount,
            "flight": round(in_flight(row), 1),
            "memory": round(row.memory / MIB, 1),
            "holds": row.holds,
            "stretch": stretch,
            "size": size(names, row.service),
        }
        for row, stretch in stretches(table)
        if row.memory is not None
    ]
    most = round(max(row.memory or 0 for row in table) / MIB, 1)
    widest = max(in_flight(row) for row in table if row.memory is not None) * 1.05 or 1
    drawn = alt.Chart(data(steps)).encode(
        x=alt.X("flight:Q", title="requests in flight").scale(domain=[0, widest], nice=False).axis(tickCount=5),
        y=alt.Y("memory:Q", title="memory, MiB").scale(domain=[0, most * 1.1 or 1], nice=False).axis(tickCount=5),
        color=colour(names),
    )
    joined = drawn.transform_filter("datum.holds").mark_line(strokeWidth=1.5).encode(detail=alt.Detail("stretch:N"))
    unit = table[0].load.unit
    heads = {"service:N": "service", "amount:Q": unit, "flight:Q": "in flight", "memory:Q": "memory, MiB"}
    layers = [joined, marks(drawn, names, [alt.Tooltip(field, title=head) for field, head in heads.items()])]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT)


def _needs(match: Match) -> str:
    needs = f"{match.service} needs about {match.needs} {match.unit} in all"
    if match.more is None:
        return needs
    size = f"{match.more / 2**30:.1f} GiB" if match.more >= 2**30 else f"{match.more / MIB:.0f} MiB"
    return f"{needs} ({'' if match.unit == 'threads' else 'at most '}{size} beyond what it uses now)"


def _short_of_cpu(contender: Contender, best: Row, table: list[Row]) -> str | None:
    """Return what a blocking service needs if its CPU, not its slots, keeps it below the best throughput, or None."""
    tightest = contender.demand.tightest if contender.demand else None
    held = any(row.service == contender.name and row.holds for row in table)
    if tightest is None or tightest.name != CPU or contender.slots is None or not held:
        return None
    times = best.throughput / tightest.throughput
    return f"{contender.name} needs {times:.1f} times its CPU time, not more slots" if times > 1 + ALIKE else None


def _short_of_places(contender: Contender, best: Row, table: list[Row]) -> str | None:
    """Return what a service needs that refuses requests before its slots are taken, or None."""
    demand = contender.demand
    held = any(row.service == contender.name and row.holds for row in table)
    if demand is None or not demand.sheds or demand.admission is None or not held:
        return None
    needs = _slots(best, demand.admission.held)
    if needs <= demand.admission.capacity:
        return None
    return f"{contender.name} needs room for about {needs} requests in flight instead of {demand.admission.capacity}"


def _table(run: list[Row]) -> Table:
    others = known_costs(run)
    rows = [
        [
            *(row.service, str(row.load.amount), f"{in_flight(row):.1f}", f"{(row.memory or 0) / MIB:.1f}"),
            cells.microseconds(row.cpu_per_request),
            *(cells.microseconds(row.costs.get(name)) for name in others),
            *(cells.shares(row), cells.switches(row)),
            cells.NONE if row.unaccounted is None else f"{row.unaccounted:.1%}",
            "no" if row.doubts else "yes",
        ]
        for row in run
    ]
    costs = ["CPU per request, µs", *(f"{name}, µs" for name in others)]
    spent = ["one process", "switches", "unaccounted"]
    return Table(["service", run[0].load.unit, "in flight", "memory, MiB", *costs, *spent, "conclusive"], rows)
