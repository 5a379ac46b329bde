"""The first picture of a closed load: predicted and measured throughput by number of users."""

from math import isfinite, log10, sqrt
from typing import Any

import altair as alt

from loadtest.english import listed, plural_of
from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.bounds import throughput
from loadtest.verdict.comparison import compared, verdict
from loadtest.verdict.format import CALIBRATED
from loadtest.workload.closed import Closed
from loadtest.workload.demand import BLOCKED, DEADLOCK, STANDSTILL, Demand

from .latency import loads
from .picture import Figure, Picture, Table, data
from .theme import HEIGHT, INK, colour, marks, services, size, stretches

POWERS = [10**power for power in range(-3, 7)]
"""Tick values of a logarithmic axis."""

POINTS = 40
"""Points of a predicted line, besides its knee."""

NOTHING_HOLDS = "No measured step is conclusive"


def picture(results: Results, table: list[Row]) -> Picture:
    """Return the picture of throughput by number of users, for all services."""
    return Picture(
        name="throughput",
        title=". ".join([*_standstills(table), _conclusion(results, table).rstrip(".")]),
        caption="Successful requests per second. Each user waits for an answer before the next request. Dashed line: "
        "predicted. Mark: measured; its vertical bar is the range of the repeats. Hollow mark: inconclusive; the "
        "reasons are at the end. Cross: the knee; with more users, requests queue. Zero rates appear only in the "
        "table." + (f" {CALIBRATED}" if any(each.calibration for each in results.contenders) else ""),
        figures=[Figure(chart(results, table), "Throughput by number of users.")],
        table=_table(table),
    )


def _conclusion(results: Results, table: list[Row]) -> str:
    """Return how the services compare or, without two to compare, the first sentence of the verdict."""
    if not any(row.holds for row in table):
        return NOTHING_HOLDS
    ahead = [] if results.options.pairings else compared(table)
    found = verdict(results, table)
    return next(iter([*ahead, *found.notes, *found.services]), found.headline)


def _standstills(table: list[Row]) -> list[str]:
    users: dict[tuple[str, str], list[str]] = {}
    for row in table:
        if row.bound in STANDSTILL and row.holds:
            users.setdefault((row.service, row.bound), []).append(str(row.load.amount))
    says = {DEADLOCK: "is deadlocked", BLOCKED: "is blocked by slow clients"}
    return [
        f"{service} {says[bound]} at {listed(counts)} {plural_of(int(counts[-1]), 'user')}"
        for (service, bound), counts in users.items()
    ]


def chart(results: Results, table: list[Row]) -> alt.LayerChart:
    """Return a chart of predicted lines, measured marks with their range, and knees."""
    names = services([results])
    steps = [load for load in loads(table) if isinstance(load, Closed)]
    users = [load.users for load in steps]
    measured = [{**_mark(row, stretch), "size": size(names, row.service)} for row, stretch in stretches(table)]
    lines = [point for each in results.contenders if each.demand for point in _line(each.name, each.demand, steps)]
    knees = [mark for each in results.contenders if (mark := _knee(each, steps))]
    x = alt.X("users:Q", title="users (log scale)").axis(format="d", grid=False, values=users)
    x = x.scale(domain=[users[0] * 0.85, users[-1] * 1.15], nice=False, type="log")
    y = alt.Y("rate:Q", title="throughput, requests/s (log scale)").axis(format="~g", values=POWERS)
    y = y.scale(nice=False, padding=20, type="log")
    dashed = alt.Chart(data(lines)).mark_line(strokeDash=[5, 4], strokeWidth=1.5)
    predicted = dashed.encode(x=x, y=y, color=colour(names))
    run = alt.Chart(data(measured)).encode(x=x, color=colour(names))
    spread = run.mark_rule(strokeWidth=2).encode(y=alt.Y("slowest:Q"), y2=alt.Y2("fastest:Q"))
    joined = run.transform_filter("datum.holds").mark_line(strokeWidth=2.5).encode(y=y, detail=alt.Detail("stretch:N"))
    tooltip = [
        *("service:N", "users:Q"),
        alt.Tooltip("rate:Q", title="measured, requests/s", format=".1f"),
        alt.Tooltip("predicted:N", title="predicted, requests/s"),
        *(alt.Tooltip("bound:N", title="bound by"), alt.Tooltip("doubts:N", title="inconclusive")),
    ]
    points = marks(run.encode(y=y), names, tooltip)
    crosses = alt.Chart(data(knees)).encode(x=x, y=y)
    knee_marks = crosses.mark_point(shape="cross", size=60, filled=True, color=INK, opacity=1)
    middle = sqrt(users[0] * users[-1])  # labels go to the side that has room
    left, right = (crosses.transform_filter(f"datum.users {side} {middle}") for side in ("<", ">="))
    knee_names = [left.mark_text(align="left", dx=9, dy=13), right.mark_text(align="right", dx=-6, dy=-9)]
    layers = [predicted, joined, spread, points, knee_marks, *(each.encode(text="knee:N") for each in knee_names)]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT)


def _mark(row: Row, stretch: int) -> dict[str, Any]:
    rates = [throughput(each) for each in row.windows]
    return {
        "service": row.service,
        "users": row.load.amount,
        "rate": _drawn(row.throughput),
        "slowest": _drawn(min(rates)),
        "fastest": _drawn(max(rates)),
        "predicted": f"{row.predicted.throughput:.1f}" if row.predicted else "unknown",
        "bound": row.bound,
        "holds": row.holds,
        "stretch": stretch,
        "doubts": "; ".join(row.doubts) or "no",
    }


def _line(service: str, demand: Demand, loads: list[Closed]) -> list[dict[str, Any]]:
    """Return predicted points from the fewest to the most users; a deadlock has no throughput to draw."""
    users, think = [load.users for load in loads], loads[0].think
    low, high = log10(users[0]), log10(users[-1])
    steps = {round(10 ** (low + (high - low) * step / POINTS)) for step in range(POINTS + 1)}
    bend = loads[0].knee(demand)
    asked = sorted(steps | set(users) | ({round(bend)} if users[0] <= bend <= users[-1] else set()))
    foretold = [(count, Closed(count, think).predict(demand).throughput) for count in asked]
    return [{"service": service, "users": count, "rate": round(rate, 3)} for count, rate in foretold if rate]


def _knee(contender: Contender, loads: list[Closed]) -> dict[str, Any] | None:
    """Return the mark of a service's knee or of its last load before a deadlock, or None if outside the chart."""
    demand, think = contender.demand, loads[0].think
    if demand is None or not isfinite(bend := loads[0].knee(demand)) or not loads[0].users <= bend <= loads[-1].users:
        return None
    if rate := Closed(round(bend), think).predict(demand).throughput:
        return {"users": bend, "rate": rate, "knee": f"knee: {bend:.0f}"}
    before = Closed(round(bend) - 1, think).predict(demand).throughput if bend > 1 else 0.0
    return {"users": bend - 1, "rate": before, "knee": f"deadlock from {bend:.0f} users"} if before else None


def _drawn(rate: float) -> float | None:
    """Return a rate for a logarithmic axis, or None for zero, which has no place there."""
    return round(rate, 3) if rate > 0 else None


def _table(table: list[Row]) -> Table:
    rows = []
    for row in table:
        predicted = f"{row.predicted.throughput:.1f}" if row.predicted else "unknown"
        if not row.windows:
            rows.append([row.service, str(row.load.amount), predicted, "not run", "", "", "saturated at fewer users"])
            continue
        spread = f"±{row.spread:.1f}" if len(row.windows) > 1 else "one repeat"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        bound = "inconclusive" if row.doubts else row.bound
        rows.append([row.service, str(row.load.amount), predicted, f"{row.throughput:.1f}", spread, ratio, bound])
    rates = [f"{rate}, requests/s" for rate in ("predicted", "measured", "spread")]
    return Table(["service", "users", *rates, "measured / predicted", "bound by"], rows)
