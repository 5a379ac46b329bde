"""The second picture: the distribution of latency, at a load that the reader chooses."""

from typing import Any

import altair as alt

from loadtest.english import duration, listed
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.comparison import ALIKE
from loadtest.workload import Load
from loadtest.workload.demand import STANDSTILL

from .picture import STEP, Choice, Figure, Picture, Table, data
from .theme import HEIGHT, MUTED, colour, dashes, legend, services

POINTS, FEWEST = 60, 20
"""Points of a line: the most, and the fewest if a page draws many lines."""

ROOM = 1200
"""Points of all lines of a page together."""

UNLIKE = 0.1
"""Difference, as a share of the smaller time, above which a title reports two times as different."""

RANKS = (0.5, 0.9, 0.99)


def picture(results: Results, table: list[Row], shown: Load) -> Picture:
    """Return the picture of the latency of all services; `shown` is the load that is drawn first."""
    run = [row for row in table if row.windows]
    titles = {load: title(load, run) for load in loads(run)}
    return Picture(
        name="latency",
        title=titles[shown],
        caption="For each latency: the share of requests, answered or failed, that took at most that long. Further "
        "left is faster; a steep line means similar times for all requests. Each user waits for an answer before the "
        "next request. Thin line: inconclusive.",
        figures=[Figure(chart(results, run, shown), "Cumulative distribution of latency.")],
        table=_table(run),
        choices=[Choice(load, says) for load, says in titles.items()],
        shown=shown,
    )


def loads(run: list[Row]) -> list[Load]:
    """Return the loads of the rows, smallest first."""
    return sorted({row.load for row in run}, key=lambda load: load.amount)


def title(load: Load, run: list[Row]) -> str:
    """Return the slowest and fastest median latency, or the means if only these differ."""
    at = f"At {load.label} "
    held = [row for row in run if row.load == load and row.holds and row.bound not in STANDSTILL]
    halves = {row.service: half for row in held if (half := row.percentile(0.5))}
    if not halves:
        return f"{at}no conclusive step has a median latency"
    means = {row.service: row.mean for row in held if row.service in halves}
    if not _differ(halves) and _differ(means):
        fastest, slowest = _ends(means)
        of = f"{at}the medians are alike, but mean latency is {duration(means[slowest])} on {slowest}"
        return f"{of}, {duration(means[fastest])} on {fastest}"
    fastest, slowest = _ends(halves)
    if len(halves) == 1:
        return f"{at}median latency is {duration(halves[fastest])} on {fastest}"
    if not _differ(halves):
        return f"{at}median latency is about the same on every service: {_range([*halves.values()])}"
    as_fast = {name: half for name, half in halves.items() if half <= (1 + ALIKE) * halves[fastest]}
    return (
        f"{at}median latency is {duration(halves[slowest])} on {slowest}, "
        f"{_range([*as_fast.values()])} on {listed([*as_fast])}"
    )


def _range(times: list[float]) -> str:
    """Return the range of times in milliseconds, such as `251 to 252 ms`, or one time if both ends look the same."""
    low, high = duration(min(times)), duration(max(times))
    figure, unit = low.split()
    return high if low == high else f"{figure if high.endswith(f' {unit}') else low} to {high}"


def _ends(times: dict[str, float]) -> tuple[str, str]:
    return min(times, key=times.__getitem__), max(times, key=times.__getitem__)


def _differ(times: dict[str, float]) -> bool:
    fastest, slowest = _ends(times)
    return times[slowest] > (1 + UNLIKE) * times[fastest]


def chart(results: Results, run: list[Row], shown: Load) -> alt.LayerChart:
    """Return a line for each service: the share of its requests that ended within a time."""
    names = services([results])
    dash = alt.StrokeDash("service:N", scale=alt.Scale(domain=names, range=dashes(names)), legend=legend())
    drawn = lines([point for row in run for point in line(row, most(run))], names).encode(
        strokeDash=dash, detail=alt.Detail("service:N")
    )
    chosen = alt.param(name=STEP, value=shown.amount)
    return alt.LayerChart(layer=[shares(), drawn]).add_params(chosen).properties(height=HEIGHT)


def lines(points: list[dict[str, Any]], names: list[str]) -> alt.Chart:
    """Return the lines of the chosen step; `points` come from `line`."""
    x = alt.X("ms:Q", title="latency, ms (log scale)")
    chosen = alt.Chart(data(points)).transform_filter(f"datum.users == {STEP}")
    drawn: alt.Chart = chosen.mark_line(interpolate="step-after")
    return drawn.encode(
        x=x.scale(nice=False, padding=12, type="log").axis(format="~g", tickCount=4),
        y=alt.Y("share:Q", title="share of requests ended").axis(format="%", values=[0, 0.5, 0.9, 1]),
        color=colour(names),
        strokeWidth=alt.condition("datum.holds", alt.value(2.5), alt.value(1)),
        tooltip=["service:N", alt.Tooltip("ms:Q", title="ms"), alt.Tooltip("share:Q", title="ended", format=".1%")],
    )


def shares() -> alt.Chart:
    """Return horizontal rules at 50% and 90% of the requests."""
    drawn: alt.Chart = alt.Chart(data([{"share": 0.5}, {"share": 0.9}])).mark_rule(color=MUTED, strokeWidth=0.7)
    return drawn.encode(y=alt.Y("share:Q"))


def most(run: list[Row]) -> int:
    """Return the largest number of points of a line, if a page draws one for each row."""
    return max(FEWEST, min(POINTS, ROOM // len(run)))


def line(row: Row, about_so_many: int) -> list[dict[str, Any]]:
    """Return the cumulative distribution in about `about_so_many` points, with its first and last request."""
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
    head = [
        "service",
        "users",
        "requests",
        "failed",
        "resent",
        "reconnected",
        *(f"p{rank * 100:.0f}" for rank in RANKS),
        "conclusive",
    ]
    rows = [
        [
            *(row.service, str(row.load.amount), str(row.requests), str(row.failures)),
            *("-" if times is None else str(times) for times in (row.resent, row.reconnected)),
            *("too few" if (value := row.percentile(rank)) is None else duration(value) for rank in RANKS),
            "no" if row.doubts else "yes",
        ]
        for row in run
    ]
    return Table(head, rows)
