"""The fourth picture: where the time of a request went, in the queue, in line, on the wait, or on work."""

from typing import Any, NamedTuple

import altair as alt

from loadtest.english import duration
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.format import bracketed
from loadtest.verdict.time_spent import Divider, Parts, Times
from loadtest.workload import Load
from loadtest.workload.demand import DEADLOCK
from loadtest.workload.scenarios import computes

from .picture import Figure, Picture, Table, data
from .theme import PARTS, STROKES, WORKING, fill

BAR = 22
"""Pixels of a bar and the room around it."""


class Spent(NamedTuple):
    """The mean time of the requests of a step, in parts."""

    row: Row
    parts: Parts
    timed: int
    """The requests that the mean is of: all that the service told anything of."""


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """The mean time of a request in parts, for each service and step; None where no service told anything."""
    dividers = {each.name: Divider(each, results.options) for each in results.contenders}
    steps = [found for row in table if (found := spent(row, dividers[row.service]))]
    if not steps:
        return None
    works = computes(results.options.scenario)
    return Picture(
        name="whereabouts",
        title=title(shown, [step for step in steps if step.row.load == shown]),
        caption="The mean time of a request at each step, in parts, as the user's clock and the service's headers have "
        "it. Striped: in the queue, or on its way. Crossed: in line on the service, for a connection or a thread, "
        f"which is what it waited beyond the delay. Dotted: waiting. Solid: {WORKING if works else 'working'}. A step "
        "in brackets is inconclusive.",
        figures=[Figure(chart(steps), "The mean time of a request in parts.")],
        table=_table(steps),
        parts=PARTS,
    )


def spent(row: Row, divider: Divider) -> Spent | None:
    """Where the time went, over all windows; None where the service told nothing."""
    times = [each.service_times for each in row.windows if each.service_times.requests]
    if not times:
        return None
    count = sum(each.requests for each in times)
    mean = Times(
        response=sum(each.response_ms for each in times) / count / 1000,
        waited=sum(each.waited_ms for each in times) / count / 1000,
        served=sum(each.served_ms for each in times) / count / 1000,
        received=sum(each.received_ms for each in times) / count / 1000,
    )
    return Spent(row, divider.parts(mean), count)


def title(load: Load, steps: list[Spent]) -> str:
    """Whose requests queue the most under a load, and whose the least, as far as it can be trusted."""
    at = f"At {load.label} "
    held = [step for step in steps if step.row.holds and step.row.bound != DEADLOCK and step.parts.total]
    if not held:
        return f"{at}nothing can be told of where the time went"
    most, least = max(held, key=_queued), min(held, key=_queued)
    if len(held) > 1 and f"{_queued(most):.0%}" == f"{_queued(least):.0%}":
        return f"{at}a request spends {_queued(most):.0%} of its time in a queue, on every service"
    of = f"{at}a request to {most.row.service} spends {_share(most)} in a queue"
    return of if most is least else f"{of}, one to {least.row.service} {_share(least)}"


def chart(steps: list[Spent]) -> alt.LayerChart:
    """A bar for each step of each service, stacked."""
    bars: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    for step in steps:
        name, begin = bracketed(f"{step.row.service}, {step.row.load.amount}", holds=step.row.holds), 0.0
        for part, seconds in zip(PARTS, step.parts, strict=True):
            about = {"name": name, "part": part, "took": duration(seconds * 1000)}
            if seconds:
                bars.append({**about, "begin": round(begin, 5), "end": round(begin + seconds, 5)})
            begin += seconds
        totals.append({"name": name, "end": begin, "total": duration(begin * 1000)})
    longest = max(total["end"] for total in totals)
    order = [str(total["name"]) for total in totals]
    y = alt.Y("name:N", sort=order, title=None).axis(domain=False, labelLimit=200, ticks=False)
    x = alt.X("begin:Q", title="seconds").axis(tickCount=5).scale(domain=[0, longest * 1.25 or 1], nice=False)
    tooltip = [alt.Tooltip(field) for field in ("name:N", "part:N", "took:N")]
    stacked = [
        alt.Chart(data([bar for bar in bars if bar["part"] == part]))
        .mark_bar(height=alt.RelativeBandSize(band=0.7), fill=fill(part), stroke=STROKES[part], strokeWidth=0.5)
        .encode(x=x, x2=alt.X2("end:Q"), y=y, tooltip=tooltip)
        for part in PARTS
    ]
    labels = alt.Chart(data(totals)).mark_text(align="left", dx=4).encode(x="end:Q", y=y, text="total:N")
    return alt.LayerChart(layer=[*stacked, labels]).properties(height=BAR * len(steps))


def _queued(step: Spent) -> float:
    return step.parts.queued


def _share(step: Spent) -> str:
    return f"{_queued(step):.0%} of its {duration(step.parts.total * 1000)}"


def _table(steps: list[Spent]) -> Table:
    rows = [
        [
            *(step.row.service, str(step.row.load.amount)),
            *(f"{seconds * 1000:.1f}" for seconds in (*step.parts, step.parts.total)),
            *(f"{step.timed} of {step.row.requests}", str(step.row.failures), "yes" if step.row.holds else "no"),
        ]
        for step in steps
    ]
    parts = [f"{part}, ms" for part in (*PARTS, "in all")]
    return Table(["service", "users", *parts, "requests told of", "failed", "conclusive"], rows)
