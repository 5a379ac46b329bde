"""The second picture: the distribution of latency, at a load that the reader chooses."""

from math import inf
from typing import Any

import altair as alt

from loadtest.english import duration, listed
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.alike import ALIKE
from loadtest.verdict.backlog import diverges
from loadtest.verdict.format import beyond
from loadtest.workload import Load
from loadtest.workload.demand import STANDSTILL
from loadtest.workload.open import Open

from .arrivals import diverging, left_out, steady, unserved
from .picture import STEP, Choice, Figure, Picture, Table, data
from .theme import HEIGHT, MUTED, colour, dashes, legend, services

POINTS, FEWEST = 60, 20
"""Points of a line: the most, and the fewest if a page draws many lines."""

ROOM = 1200
"""Points of all lines of a page together."""

UNLIKE = 0.1
"""Difference, as a share of the smaller time, above which a title reports two times as different."""

RANKS = (0.5, 0.9, 0.99)


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """Return the picture of the latency of all services, drawn first for the load `shown`; None if all rows diverge."""
    run = [row for row in steady(table) if row.windows]
    if not run:
        return None
    titles = {load: title(load, table) for load in loads(run)}
    if shown not in titles:
        shown = [*titles][-1]
    return Picture(
        name="latency",
        title=titles[shown],
        caption=f"{_counted(shown)} Further left is faster; a steep line means similar times for all requests. "
        f"Thin line: inconclusive.{left_out(table)}",
        figures=[Figure(chart(results, run, shown), "Cumulative distribution of latency.")],
        table=_table(run),
        choices=[Choice(load, says) for load, says in titles.items()],
        shown=shown,
    )


def _counted(load: Load) -> str:
    """Return which requests are counted, and from when on."""
    if isinstance(load, Open):
        return (
            "For each latency: the share of arrivals that were served within it, counted from the intended start. A "
            "line ends below 100% if the rest was not served."
        )
    return (
        "For each latency: the share of requests, answered or failed, that took at most that long. Each user waits for "
        "an answer before the next request."
    )


def loads(run: list[Row]) -> list[Load]:
    """Return the loads of the rows, smallest first."""
    return sorted({row.load for row in run}, key=lambda load: load.amount)


def title(load: Load, table: list[Row]) -> str:
    """Return the slowest and fastest median latency, or the means if only these differ; then who has none."""
    held = [row for row in steady(table) if row.load == load and row.holds and row.bound not in STANDSTILL]
    halves = {row.service: half for row in held if (half := row.percentile(0.5))}
    others = [*(unserved(row) for row in held if halves.get(row.service) == inf), *diverging(table, load)]
    served = {name: half for name, half in halves.items() if half < inf}
    means = {row.service: row.mean for row in held if row.service in served and not row.lost}
    told = [_medians(served, means, listed([*served]) if others else "every service")] if served else []
    if not halves:
        told = ["no conclusive step has a median latency"]
    return f"At {load.label} {'; '.join([*told, *others])}"


def _medians(halves: dict[str, float], means: dict[str, float], everyone: str) -> str:
    """Return how the median latencies compare.

    `means`: the mean latencies of the services that served every request. `everyone`: all services, in words.
    """
    if len(means) == len(halves) and not _differ(halves) and _differ(means):
        fastest, slowest = _ends(means)
        of = f"the medians are alike, but mean latency is {duration(means[slowest])} on {slowest}"
        return f"{of}, {duration(means[fastest])} on {fastest}"
    fastest, slowest = _ends(halves)
    if len(halves) == 1:
        return f"median latency is {duration(halves[fastest])} on {fastest}"
    if not _differ(halves):
        return f"median latency is about the same on {everyone}: {_range([*halves.values()])}"
    as_fast = {name: half for name, half in halves.items() if half <= (1 + ALIKE) * halves[fastest]}
    return (
        f"median latency is {duration(halves[slowest])} on {slowest}, "
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
    drawn = lines([point for row in run for point in line(row, most(run))], names, axis(shown)).encode(
        strokeDash=dash, detail=alt.Detail("service:N")
    )
    chosen = alt.param(name=STEP, value=shown.amount)
    return alt.LayerChart(layer=[shares(), drawn]).add_params(chosen).properties(height=HEIGHT)


def axis(load: Load) -> str:
    """Return the title of the axis of shares."""
    return "share of arrivals served" if isinstance(load, Open) else "share of requests ended"


def lines(points: list[dict[str, Any]], names: list[str], share: str) -> alt.Chart:
    """Return the lines of the chosen step; `points` come from `line`. `share`: the title of the axis."""
    x = alt.X("ms:Q", title="latency, ms (log scale)")
    chosen = alt.Chart(data(points)).transform_filter(f"datum.amount == {STEP}")
    drawn: alt.Chart = chosen.mark_line(interpolate="step-after")
    return drawn.encode(
        x=x.scale(nice=False, padding=12, type="log").axis(format="~g", tickCount=4),
        y=alt.Y("share:Q", title=share).axis(format="%", values=[0, 0.5, 0.9, 1]),
        color=colour(names),
        strokeWidth=alt.condition("datum.holds", alt.value(2.5), alt.value(1)),
        tooltip=["service:N", alt.Tooltip("ms:Q", title="ms"), alt.Tooltip("share:Q", title="share", format=".1%")],
    )


def shares() -> alt.Chart:
    """Return horizontal rules at 50% and 90% of the requests."""
    drawn: alt.Chart = alt.Chart(data([{"share": 0.5}, {"share": 0.9}])).mark_rule(color=MUTED, strokeWidth=0.7)
    return drawn.encode(y=alt.Y("share:Q"))


def most(run: list[Row]) -> int:
    """Return the largest number of points of a line, if a page draws one for each row."""
    return max(FEWEST, min(POINTS, ROOM // len(run)))


def line(row: Row, about_so_many: int) -> list[dict[str, Any]]:
    """Return the cumulative distribution in about `about_so_many` points, with its first and last request.

    Arrivals that were not served count as slower than all others, and have no point.
    """
    served = sum(row.latency.values())
    total = served + row.lost
    about = {"service": row.service, "amount": row.load.amount, "holds": row.holds}
    points: list[dict[str, Any]] = []
    seen = 0
    for ms, count in sorted(row.latency.items()):
        if not points:
            points.append({**about, "ms": ms, "share": 0})
        seen += count
        if seen == served or seen / total >= points[-1]["share"] + 1 / about_so_many:
            points.append({**about, "ms": ms, "share": round(seen / total, 4)})
    return points


def cell(row: Row, milliseconds: float | None) -> str:
    """Return a percentile for a table: a time, or why it has no figure."""
    if diverges(row):
        return "diverges"
    if milliseconds is None:
        return "too few"
    if isinstance(row.load, Open) and milliseconds == inf:
        return beyond(row.load)
    return duration(milliseconds)


def _table(run: list[Row]) -> Table:
    counts = ["requests", "failed", "resent", "reconnected"]
    head = ["service", run[0].load.unit, *counts, *(f"p{rank * 100:.0f}" for rank in RANKS), "conclusive"]
    rows = [
        [
            *(row.service, str(row.load.amount), str(row.requests), str(row.failures)),
            *("-" if times is None else str(times) for times in (row.resent, row.reconnected)),
            *(cell(row, row.percentile(rank)) for rank in RANKS),
            "no" if row.doubts else "yes",
        ]
        for row in run
    ]
    return Table(head, rows)
