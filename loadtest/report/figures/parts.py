"""The picture of a mixed load: the latency of each request by its name."""

from math import inf, isfinite
from typing import Any

import altair as alt

from loadtest.english import duration
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Part, Row
from loadtest.verdict.backlog import diverges
from loadtest.verdict.format import NONE, latency, per_second
from loadtest.workload import Load

from .picture import Datasets, Figure, Picture, Table
from .theme import colour, height, services

RANKS = (0.5, 0.9, 0.99)
"""The percentiles that are drawn and listed."""


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """Return the picture at one load, or None if users sent one kind of request, or nothing is conclusive."""
    named = [row for row in table if row.parts]
    held = [row for row in named if row.holds and not diverges(row) and row.load == shown]
    if not held:
        return None
    ranks = [f"p{rank * 100:.0f}, ms" for rank in RANKS]
    return Picture(
        name="by-request",
        title=_conclusion(held, shown),
        caption=f"Latency of each request at {shown.label}: the median, the 90th and the 99th percentile, as far as "
        "there are samples enough.",
        figures=[Figure(chart(results, held), f"Latency of each request at {shown.label}.")],
        table=Table(
            ["service", shown.unit, "request", "throughput, requests/s", *ranks, "errors"],
            [_cells(row, part) for row in named for part in row.parts],
        ),
    )


def _conclusion(held: list[Row], shown: Load) -> str:
    medians = [(part.percentile(0.5) or 0.0, row, part) for row in held for part in row.parts]
    known = [each for each in medians if 0 < each[0] < inf]
    if not known:
        return f"By request, at {shown.label}"
    median, row, part = max(known, key=lambda each: each[0])
    return f"At {shown.label} {part.name} takes longest: median {duration(median)} on {row.service}"


def chart(results: Results, held: list[Row]) -> alt.LayerChart:
    """Return the chart of some rows: a line for each request of each service."""
    marks: list[dict[str, Any]] = []
    for row in held:
        for part in row.parts:
            known = {rank: part.percentile(rank) for rank in RANKS}
            name = f"{row.service}: {part.name}"
            marks += [
                {"service": row.service, "name": name, "percentile": f"p{rank * 100:.0f}", "latency": found}
                for rank, found in known.items()
                if found and isfinite(found)
            ]
    names = list(dict.fromkeys(each["name"] for each in marks))
    data = Datasets()
    drawn = alt.Chart(data.add(marks))
    x = alt.X("latency:Q", title="latency, ms (log scale)").scale(type="log", nice=True).axis(format="~g", tickCount=6)
    y = alt.Y("name:N", sort=names, title=None).axis(domain=False, labelLimit=240, ticks=False)
    shade = colour(services([results]))
    tooltip = ["name:N", "percentile:N", "latency:Q"]
    return data.chart(
        [
            drawn.mark_line(strokeWidth=2).encode(x=x, y=y, color=shade, detail="name:N"),
            drawn.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, color=shade, tooltip=tooltip),
        ]
    ).properties(height=height(names))


def _cells(row: Row, part: Part) -> list[str]:
    ranks = [latency(part.percentile(rank), row.load) if row.holds and not diverges(row) else NONE for rank in RANKS]
    return [row.service, str(row.load.amount), part.name, per_second(part.throughput), *ranks, str(part.failures)]
