"""The second picture: how long requests took, at a load that the reader chooses."""

from typing import Any

import altair as alt

from loadtest.english import duration, listed
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.comparison import ALIKE
from loadtest.workload import Load
from loadtest.workload.demand import DEADLOCK

from .picture import STEP, Choice, Figure, Picture, Table, data
from .theme import HEIGHT, MUTED, colour, dashes, legend, services

POINTS, FEWEST = 60, 20
"""Of a line, where a page has room, and where it has to draw many."""

ROOM = 1200
"""Points of all lines of a page."""

UNLIKE = 0.1
"""Difference, as a share of the smaller figure, from which on times are told apart in a title."""

RANKS = (0.5, 0.9, 0.99)


def picture(results: Results, table: list[Row], shown: Load) -> Picture:
    """The distribution of latency of all services, first for the load `shown`."""
    run = [row for row in table if row.windows]
    titles = {load: title(load, run) for load in loads(run)}
    return Picture(
        name="latency",
        title=titles[shown],
        caption="The share of requests that were over within a time, answered or failed, by users who wait for their "
        "answers: a line far to the left is fast, a steep one treats all requests alike. The time axis is logarithmic. "
        "A thin line is inconclusive.",
        figures=[Figure(chart(results, run, shown), "The distribution of latency.")],
        table=_table(run),
        choices=[Choice(load, says) for load, says in titles.items()],
        shown=shown,
    )


def loads(run: list[Row]) -> list[Load]:
    """The loads of some rows, the smallest first."""
    return sorted({row.load for row in run}, key=lambda load: load.amount)


def title(load: Load, run: list[Row]) -> str:
    """What half of the requests had to wait for, or the mean where the halves hide a difference."""
    at = f"At {load.label} "
    held = [row for row in run if row.load == load and row.holds and row.bound != DEADLOCK]
    halves = {row.service: half for row in held if (half := row.percentile(0.5))}
    if not halves:
        return f"{at}too little that can be trusted was answered"
    means = {row.service: row.mean for row in held if row.service in halves}
    if not _differ(halves) and _differ(means):
        fastest, slowest = _ends(means)
        of = f"{at}a request to {slowest} takes {duration(means[slowest])} on average"
        return f"{of}, one to {fastest} {duration(means[fastest])}"
    fastest, slowest = _ends(halves)
    if len(halves) == 1:
        return f"{at}half of the requests to {fastest} take longer than {duration(halves[fastest])}"
    if not _differ(halves):
        span = " to ".join(dict.fromkeys((duration(halves[fastest]), duration(halves[slowest]))))
        return f"{at}requests take as long on every service: half of them longer than {span}"
    as_fast = [name for name, half in halves.items() if half <= (1 + ALIKE) * halves[fastest]]
    return (
        f"{at}half of the requests to {slowest} take longer than {duration(halves[slowest])}, "
        f"to {listed(as_fast)} than {duration(halves[fastest])}"
    )


def _ends(times: dict[str, float]) -> tuple[str, str]:
    return min(times, key=times.__getitem__), max(times, key=times.__getitem__)


def _differ(times: dict[str, float]) -> bool:
    fastest, slowest = _ends(times)
    return times[slowest] > (1 + UNLIKE) * times[fastest]


def chart(results: Results, run: list[Row], shown: Load) -> alt.LayerChart:
    """A line for each service: the share of its requests, over the time within which they were answered."""
    names = services([results])
    dash = alt.StrokeDash("service:N", scale=alt.Scale(domain=names, range=dashes(names)), legend=legend())
    drawn = lines([point for row in run for point in line(row, most(run))], names).encode(
        strokeDash=dash, detail=alt.Detail("service:N")
    )
    chosen = alt.param(name=STEP, value=shown.amount)
    return alt.LayerChart(layer=[shares(), drawn]).add_params(chosen).properties(height=HEIGHT)


def lines(points: list[dict[str, Any]], names: list[str]) -> alt.Chart:
    """The distributions of the chosen step."""
    x = alt.X("ms:Q", title="milliseconds")
    chosen = alt.Chart(data(points)).transform_filter(f"datum.users == {STEP}")
    drawn: alt.Chart = chosen.mark_line(interpolate="step-after")
    return drawn.encode(
        x=x.scale(nice=False, padding=12, type="log").axis(format="~g", tickCount=4),
        y=alt.Y("share:Q", title="over").axis(format="%", values=[0, 0.5, 0.9, 1]),
        color=colour(names),
        strokeWidth=alt.condition("datum.holds", alt.value(2.5), alt.value(1)),
        tooltip=["service:N", "ms:Q", alt.Tooltip("share:Q", format=".1%")],
    )


def shares() -> alt.Chart:
    """Rules at half and at nine tenths of the requests."""
    drawn: alt.Chart = alt.Chart(data([{"share": 0.5}, {"share": 0.9}])).mark_rule(color=MUTED, strokeWidth=0.7)
    return drawn.encode(y=alt.Y("share:Q"))


def most(run: list[Row]) -> int:
    """Points of a line, where there are so many to draw."""
    return max(FEWEST, min(POINTS, ROOM // len(run)))


def line(row: Row, about_so_many: int) -> list[dict[str, Any]]:
    """The distribution in about so many points, its first and last request among them."""
    total = sum(row.latency.values())
    about = {"service": row.service, "users": row.load.amount, "holds": row.holds}
    points: list[dict[str, Any]] = []
    seen = 0
    for ms, count in sorted(row.latency.items()):
        if not points:
            points.append({**about, "ms": ms, "share": 0})
        seen += count
        if seen == total or seen / total >= points[-1]["share"] + 1 / about_so_many:
            points.append({**about, "ms": ms, "share": round(seen / total, 4)})
    return points


def _table(run: list[Row]) -> Table:
    head = ["service", "users", "requests", "failed", *(f"p{rank * 100:.0f}" for rank in RANKS), "conclusive"]
    rows = [
        [
            *(row.service, str(row.load.amount), str(row.requests), str(row.failures)),
            *("too few" if (value := row.percentile(rank)) is None else duration(value) for rank in RANKS),
            "no" if row.doubts else "yes",
        ]
        for row in run
    ]
    return Table(head, rows)
