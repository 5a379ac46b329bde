"""The report of two runs, drawn in the same charts."""

from datetime import UTC
from typing import Any

import altair as alt

from loadtest.report.figures import distribution, latency
from loadtest.report.figures.arrivals import left_out, steady
from loadtest.report.figures.picture import STEP, Choice, Figure, Picture, Table, data
from loadtest.report.figures.theme import HEIGHT, colour, legend, marks, services, size, stretches
from loadtest.report.figures.throughput import POWERS
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.before_after import RUNS, Change, changes, conclusion, only, refuse_others, unlike, verdict
from loadtest.verdict.comparison import doubtful
from loadtest.verdict.gate import judged_since
from loadtest.workload.open import Open

from .comparison import commands, facts, sources
from .page import CLOSED, OPEN, Page

DASHES = ([1, 0], [6, 4])
"""The dash patterns of the runs before (solid) and after (dashed), in pixels."""

SO_MANY_ARRIVE = "Up to its capacity a service has the throughput that arrives, whatever the latency."
"""The limit of a comparison of throughputs under open loads."""

COUNTED = {
    False: "Share of requests that ended within a time, answered or failed.",
    True: "Share of arrivals that were served within a time, counted from the intended start.",
}
"""The requests of which the picture of latency draws shares, by whether the load is open."""


def page(before: Results, after: Results) -> Page:
    """Return the contents of the report of two runs.

    Raises:
        ValueError: if the runs differ in scenario, delay or load.

    """
    refuse_others(before.options, after.options)
    tables = rows(before), rows(after)
    found = changes(*tables)
    return Page(
        title=f"Before and after: {after.options.title}",
        about=f"Before: {_when(before)}. After: {_when(after)}. Solid lines: before. Dashed: after.",
        warnings=unlike(before, after),
        verdict=[*verdict(found), *only(*tables)],
        pictures=_pictures([before, after], tables, found),
        sources=sources(after.options.scenario),
        facts=_both(facts(before.machine), facts(after.machine)),
        commands=_commands(before, after),
        load=OPEN if _is_open(found) else CLOSED,
        requirements=[each.sentence for each in judged_since(before, after, after.options.requirements)],
        doubts=[doubt for name, table in zip(RUNS, tables, strict=True) for doubt in doubtful(table, name)],
    )


def _pictures(runs: list[Results], tables: tuple[list[Row], list[Row]], found: list[Change]) -> list[Picture]:
    drawn = [draw(runs, tables, found) for draw in (_throughput, _latency) if found]
    return [picture for picture in drawn if picture is not None]


def _throughput(runs: list[Results], tables: tuple[list[Row], list[Row]], found: list[Change]) -> Picture:
    names = services(runs)
    steps = [
        {
            "run": run,
            "service": row.service,
            "amount": row.load.amount,
            "rate": round(row.throughput, 3),
            "holds": row.holds,
            "stretch": stretch,
            "size": size(names, row.service),
        }
        for run, table in zip(RUNS, tables, strict=True)
        for row, stretch in stretches(table)
        if row.throughput
    ]
    amounts = sorted({row.load.amount for table in tables for row in table if row.windows and row.throughput})
    unit = found[0].after.load.unit
    x = alt.X("amount:Q", title=f"{unit} (log scale)").scale(nice=False, padding=20, type="log")
    x = x.axis(format="~r", grid=False, values=amounts)
    y = alt.Y("rate:Q", title="throughput, requests/s (log scale)").axis(format="~g", values=POWERS)
    y = y.scale(nice=False, padding=20, type="log")
    drawn = alt.Chart(data(steps)).encode(x=x, y=y, color=colour(names))
    held = drawn.transform_filter("datum.holds")  # no line is drawn over a step that is inconclusive
    lines = held.mark_line(strokeWidth=2.5).encode(strokeDash=_dash(), detail=["service:N", "stretch:N"])
    points = marks(drawn, names, ["run:N", "service:N", alt.Tooltip("amount:Q", title=unit), "rate:Q"])
    chart = alt.LayerChart(layer=[lines, points]).properties(height=HEIGHT)
    return Picture(
        name="throughput",
        title=conclusion(found),
        caption="Successful requests per second. Solid: before. Dashed: after. Hollow mark: inconclusive. "
        "Differences are judged by the spread between repeats; use three or more."
        + (f" {SO_MANY_ARRIVE}" if _is_open(found) else ""),
        figures=[Figure(chart, f"Throughput by {unit}, before and after.")],
        table=_table(found),
    )


def _latency(runs: list[Results], tables: tuple[list[Row], list[Row]], found: list[Change]) -> Picture | None:
    """Return the picture of latency in both runs, or None if all steps diverge."""
    names = services(runs)
    steps = latency.loads(steady([change.after for change in found]))
    if not steps:
        return None
    points: list[dict[str, Any]] = [
        {"run": run, **point}
        for run, table in zip(RUNS, tables, strict=True)
        for row in steady(table)
        if row.windows and row.load in steps
        for point in distribution.line(row)
    ]
    shown = steps[-1]
    lines = distribution.lines(points, names, distribution.axis(shown))
    lines = lines.encode(strokeDash=_dash(), detail=["service:N", "run:N"])
    chart = alt.LayerChart(layer=[distribution.shares(), lines]).add_params(alt.param(name=STEP, value=shown.amount))
    choices = [Choice(load, f"Latency at {load.label}, before and after") for load in steps]
    return Picture(
        name="latency",
        title=choices[-1].title,
        caption=f"{COUNTED[_is_open(found)]} Solid: before. Dashed: after. Thin line: inconclusive."
        + left_out([row for table in tables for row in table]),
        figures=[Figure(chart.properties(height=HEIGHT), "Cumulative distribution of latency, before and after.")],
        table=_table(found),
        choices=choices,
        shown=shown,
    )


def _is_open(found: list[Change]) -> bool:
    return any(isinstance(change.after.load, Open) for change in found)


def _dash() -> alt.StrokeDash:
    return alt.StrokeDash("run:N", scale=alt.Scale(domain=list(RUNS), range=list(DASHES)), legend=legend())


def _table(found: list[Change]) -> Table:
    rows = [
        [
            *(change.after.service, str(change.after.load.amount)),
            *(change.figure, *change.shown),
            "-" if change.ratio is None else f"{change.ratio:.3f}",
            "unknown" if change.spread is None else f"±{change.spread:.1f}",
            change.says,
        ]
        for change in found
    ]
    rates = ("figure", "before", "after", "after / before", "spread of both")
    return Table(["service", found[0].after.load.unit, *rates, "difference"], rows)


def _both(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (name, one if one == other else f"{one} before; {other} after")
        for (name, one), (_, other) in zip(before, after, strict=True)
    ]


def _commands(before: Results, after: Results) -> list[tuple[str, str]]:
    """Return the commands of both runs; a command that both share is listed once."""
    ones, others = commands(before), commands(after)
    once = [each for each in ones if each in others]
    apart = [(name, each) for name, told in zip(RUNS, (ones, others), strict=True) for each in told if each not in once]
    return [*once, *((f"{what}, {name}", command) for name, (what, command) in apart)]


def _when(run: Results) -> str:
    return f"{run.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC, commit {run.machine.commit or 'unknown'}"
