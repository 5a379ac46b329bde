"""The first picture: throughput against users, what was predicted and what was measured."""

from math import isfinite, log10, sqrt
from typing import Any

import altair as alt

from loadtest.english import listed, plural_of
from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.comparison import compared, verdict
from loadtest.verdict.judge import throughput
from loadtest.workload.closed import Closed
from loadtest.workload.demand import DEADLOCK, Demand

from .latency import loads
from .picture import Figure, Picture, Table, data
from .theme import HEIGHT, INK, colour, marks, services, size, stretches

POWERS = [10**power for power in range(-3, 7)]
"""Where a logarithmic axis has its marks."""

POINTS = 40
"""Of a predicted line, beside its knee."""

NOTHING_HOLDS = "Nothing that was measured can be trusted"


def picture(results: Results, table: list[Row]) -> Picture:
    """Throughput against users, of all services."""
    return Picture(
        name="throughput",
        title=". ".join([*_deadlocks(table), _conclusion(results, table).rstrip(".")]),
        caption="Requests answered in a second, by users who each wait for their answer before they ask again. Dashed: "
        "what the model predicts. Marked: what was measured, with the range of the repeats as a bar. A hollow mark is "
        "inconclusive, for a reason given at the end. A cross is the knee: with more users than that, requests queue. "
        "Both axes are logarithmic; a rate of nothing is in the table alone.",
        figures=[Figure(chart(results, table), "Throughput against users.")],
        table=_table(table),
    )


def _conclusion(results: Results, table: list[Row]) -> str:
    """How the services compare, or where there are no two to compare, the first thing that the run says."""
    if not any(row.holds for row in table):
        return NOTHING_HOLDS
    return next(iter([*compared(table), *verdict(results, table)]))


def _deadlocks(table: list[Row]) -> list[str]:
    users: dict[str, list[str]] = {}
    for row in table:
        if row.bound == DEADLOCK and row.holds:
            users.setdefault(row.service, []).append(str(row.load.amount))
    return [
        f"{service} is in a deadlock at {listed(counts)} {plural_of(int(counts[-1]), 'user')}"
        for service, counts in users.items()
    ]


def chart(results: Results, table: list[Row]) -> alt.LayerChart:
    """Predicted lines, measured marks with their spread, and knees."""
    names = services([results])
    steps = loads(table)
    users = [load.users for load in steps]
    measured = [{**_mark(row, stretch), "size": size(names, row.service)} for row, stretch in stretches(table)]
    lines = [point for each in results.contenders if each.demand for point in _line(each.name, each.demand, steps)]
    knees = [mark for each in results.contenders if (mark := _knee(each, steps))]
    x = alt.X("users:Q", title="users").axis(format="d", grid=False, values=users)
    x = x.scale(domain=[users[0] * 0.85, users[-1] * 1.15], nice=False, type="log")
    y = alt.Y("rate:Q", title="requests a second").axis(format="~g", values=POWERS)
    y = y.scale(nice=False, padding=20, type="log")
    dashed = alt.Chart(data(lines)).mark_line(strokeDash=[5, 4], strokeWidth=1.5)
    predicted = dashed.encode(x=x, y=y, color=colour(names))
    run = alt.Chart(data(measured)).encode(x=x, color=colour(names))
    spread = run.mark_rule(strokeWidth=2).encode(y=alt.Y("slowest:Q"), y2=alt.Y2("fastest:Q"))
    joined = run.transform_filter("datum.holds").mark_line(strokeWidth=2.5).encode(y=y, detail=alt.Detail("stretch:N"))
    tooltip = [
        *("service:N", "users:Q"),
        alt.Tooltip("rate:Q", title="measured", format=".1f"),
        *("predicted:N", alt.Tooltip("bound:N", title="bound by"), alt.Tooltip("doubts:N", title="inconclusive")),
    ]
    points = marks(run.encode(y=y), names, tooltip)
    crosses = alt.Chart(data(knees)).encode(x=x, y=y)
    knee_marks = crosses.mark_point(shape="cross", size=60, filled=True, color=INK, opacity=1)
    middle = sqrt(users[0] * users[-1])  # on either side of which there is room for a name
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
    """What the model says from the fewest to the most users; a deadlock has no throughput to draw."""
    users, think = [load.users for load in loads], loads[0].think
    low, high = log10(users[0]), log10(users[-1])
    steps = {round(10 ** (low + (high - low) * step / POINTS)) for step in range(POINTS + 1)}
    bend = loads[0].knee(demand)
    asked = sorted(steps | set(users) | ({round(bend)} if users[0] <= bend <= users[-1] else set()))
    foretold = [(count, Closed(count, think).predict(demand).throughput) for count in asked]
    return [{"service": service, "users": count, "rate": round(rate, 3)} for count, rate in foretold if rate]


def _knee(contender: Contender, loads: list[Closed]) -> dict[str, Any] | None:
    """Where users begin to queue, or to wait for each other for ever, if it is in the picture."""
    demand, think = contender.demand, loads[0].think
    if demand is None or not isfinite(bend := loads[0].knee(demand)) or not loads[0].users <= bend <= loads[-1].users:
        return None
    if rate := Closed(round(bend), think).predict(demand).throughput:
        return {"users": bend, "rate": rate, "knee": f"knee: {bend:.0f}"}
    before = Closed(round(bend) - 1, think).predict(demand).throughput if bend > 1 else 0.0
    return {"users": bend - 1, "rate": before, "knee": f"deadlock from {bend:.0f} on"} if before else None


def _drawn(rate: float) -> float | None:
    """A rate as a place on a logarithmic axis, which has none for nothing."""
    return round(rate, 3) if rate > 0 else None


def _table(table: list[Row]) -> Table:
    rows = []
    for row in table:
        predicted = f"{row.predicted.throughput:.1f}" if row.predicted else "unknown"
        if not row.windows:
            rows.append([row.service, str(row.load.amount), predicted, "not run", "", "", "saturated before"])
            continue
        spread = f"±{row.spread:.1f}" if len(row.windows) > 1 else "one repeat"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        bound = "inconclusive" if row.doubts else row.bound
        rows.append([row.service, str(row.load.amount), predicted, f"{row.throughput:.1f}", spread, ratio, bound])
    return Table(["service", "users", "predicted", "measured", "spread", "ratio", "bound by"], rows)
