"""The fifth picture: memory against requests in flight, and what it would take to carry as much as the best did."""

from dataclasses import dataclass
from math import ceil, inf
from statistics import linear_regression

import altair as alt

from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.comparison import ALIKE
from loadtest.verdict.judge import mean_response
from loadtest.workload.demand import DEADLOCK, SLOTS

from .picture import Figure, Picture, Table, data
from .theme import HEIGHT, colour, marks, services, size, stretches

MIB = 2**20

LEAST_GROWTH = MIB
"""Bytes that a service must have grown by for its memory per request to be told: it is counted in pages, and varies."""


@dataclass(frozen=True)
class Match:
    """What a service would need to carry the throughput of another one."""

    service: str
    needs: int
    """Slots."""
    has: int
    unit: str
    """What a slot of it is: a thread or a process."""
    more: float | None
    """Bytes beside what it has; None where too little was seen to say."""
    cpu: float | None
    """Cores that it would use at its own cost of a request."""


def picture(results: Results, table: list[Row]) -> Picture | None:
    """Memory against requests in flight; None where no memory was measured."""
    run = [row for row in table if row.windows and row.memory is not None]
    if not run:
        return None
    best = best_of(results, table)
    matches = [] if best is None else [match for each in results.contenders if (match := matched(each, best, table))]
    return Picture(
        name="memory",
        title=title(results, table, best, matches),
        caption="Memory of all processes of a service, by requests in flight (throughput times response time: Little's "
        "law); those that only queue are among them. Where the system tells, a page that processes share is divided "
        "among them; elsewhere it is counted for each. A hollow mark is inconclusive."
        + "".join(f" {sentence(match, results.machine.cores)}" for match in matches),
        figures=[Figure(chart(results, table), "Memory against requests in flight.")],
        table=_table(run),
    )


def title(results: Results, table: list[Row], best: Row | None, matches: list[Match]) -> str:
    """What it would take to match the non-blocking service that carried the most, as far as it is known."""
    if best is None:
        return "What it would take to carry as much is unknown: no non-blocking service was measured well enough"
    rates = {row.service: row.throughput for row in table if row.holds and row.load == best.load}
    ahead = [name for name, rate in rates.items() if rate > (1 + ALIKE) * best.throughput]
    if ahead:
        return f"At {best.load.label} {ahead[0]} carries more than {best.service}: there is nothing to match"
    unknown = [
        each.name
        for each in results.contenders
        if each.slots is not None and not any(row.service == each.name and row.holds for row in table)
    ]
    told = [_needs(match) for match in matches]
    told += [f"what {name} needs is unknown" for name in unknown]
    if not told:
        return f"No service would need more slots to carry what {best.service} carried"
    return f"To carry what {best.service} carried at {best.load.label}, {'; '.join(told)}"


def sentence(match: Match, cores: int) -> str:
    """What else is known of a match, or not."""
    told = f"{match.service} has {match.has} {match.unit}"
    grown = "what more of them take is unknown: its memory hardly grew" if match.more is None else ""
    cost = ""
    if match.cpu is not None:
        enough = "" if match.cpu < cores else ", which is more than it could have"
        cost = f"at its own cost of a request it would use {match.cpu:.1f} of {cores} cores{enough}"
    return "; ".join(part for part in (told, grown, cost) if part) + "."


def best_of(results: Results, table: list[Row]) -> Row | None:
    """The row of a non-blocking service with the most throughput that can be trusted; the cheapest of those alike."""
    free = {each.name for each in results.contenders if each.kind == "non-blocking"}
    held = [row for row in table if row.service in free and row.holds and row.bound != DEADLOCK]
    most = max((row.throughput for row in held), default=0.0)
    alike = [row for row in held if row.throughput >= (1 - ALIKE) * most]
    return min(alike, key=lambda row: (row.cpu_per_request or inf, -row.throughput), default=None)


def matched(contender: Contender, best: Row, table: list[Row]) -> Match | None:
    """What `contender` would need for the throughput of `best`; None where it has that, or where slots do not help."""
    if contender.demand is None or contender.slots is None or contender.processes is None:
        return None
    tightest = contender.demand.tightest
    if tightest is None or tightest.name != SLOTS:
        return None
    needs = ceil(best.throughput * tightest.held)
    if contender.demand.patience is not None:  # as many slots as users are a deadlock
        needs = max(needs, best.load.most_in_flight + 1)
    rows = [row for row in table if row.service == contender.name and row.holds]
    if needs <= contender.slots or not rows:
        return None
    alone = contender.slots == contender.processes
    each = per_process(rows[-1], contender.processes) if alone else per_slot(rows, contender.slots)
    cost = next((row.cpu_per_request for row in reversed(rows) if row.cpu_per_request), None)
    return Match(
        service=contender.name,
        needs=needs,
        has=contender.slots,
        unit="processes" if alone else "threads",
        more=None if each is None else each * (needs - contender.slots),
        cpu=None if cost is None else cost * best.throughput / 1e6,
    )


def per_process(row: Row, processes: int) -> float | None:
    """Bytes of one process at the most: the mean of those that there are, of which the first are the dearest."""
    return None if row.memory is None else row.memory / (processes + 1)  # and the master


def per_slot(rows: list[Row], slots: int) -> float | None:
    """Bytes by which each slot in use makes a service larger: the slope of the line of least squares."""
    measured = [row for row in rows if row.memory is not None]
    used = [min(in_flight(row), slots) for row in measured]
    sizes = [row.memory or 0 for row in measured]
    if len(set(used)) < 2 or max(sizes) - min(sizes) < LEAST_GROWTH:
        return None
    slope = linear_regression(used, sizes).slope
    return slope if slope > 0 else None


def in_flight(row: Row) -> float:
    """The mean number of requests in flight: throughput times response time (Little)."""
    seconds = sum(each.seconds for each in row.windows)
    return sum(each.requests * mean_response(each) for each in row.windows) / seconds


def chart(results: Results, table: list[Row]) -> alt.LayerChart:
    """A mark for each step of each service, joined."""
    names = services([results])
    steps = [
        {
            "service": row.service,
            "users": row.load.amount,
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
    drawn = alt.Chart(data(steps)).encode(
        x=alt.X("flight:Q", title="requests in flight").scale(nice=False, zero=True).axis(tickCount=5),
        y=alt.Y("memory:Q", title="memory, MiB").scale(domain=[0, most * 1.1 or 1], nice=False).axis(tickCount=5),
        color=colour(names),
    )
    joined = drawn.transform_filter("datum.holds").mark_line(strokeWidth=1.5).encode(detail=alt.Detail("stretch:N"))
    told = [alt.Tooltip("flight:Q", title="in flight"), alt.Tooltip("memory:Q", title="MiB")]
    layers = [joined, marks(drawn, names, ["service:N", "users:Q", *told])]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT)


def _needs(match: Match) -> str:
    needs = f"{match.service} needs about {match.needs} {match.unit}"
    if match.more is None:
        return needs
    size = f"{match.more / 2**30:.1f} GiB" if match.more >= 2**30 else f"{match.more / MIB:.0f} MiB"
    return f"{needs}, {'' if match.unit == 'threads' else 'at most '}{size} more"


def _table(run: list[Row]) -> Table:
    rows = [
        [
            *(row.service, str(row.load.amount), f"{in_flight(row):.1f}", f"{(row.memory or 0) / MIB:.1f}"),
            "-" if row.cpu_per_request is None else f"{row.cpu_per_request:.0f}",
            "no" if row.doubts else "yes",
        ]
        for row in run
    ]
    return Table(["service", "users", "in flight", "memory, MiB", "CPU per request, µs", "conclusive"], rows)
