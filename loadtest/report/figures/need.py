"""The picture of what would carry the load that services are needed for: the memory of each proposal."""

from typing import Any

import altair as alt

from loadtest.results.advice import Advice
from loadtest.results.schema import Results
from loadtest.verdict.need import HEADS, UNITS, told

from .picture import WIDTHS, Datasets, Figure, Picture, Table
from .theme import INK, SHADE, height

ROOM = 2.0
"""Length of the axis as a multiple of the longest bar; the label needs the rest."""


def picture(results: Results) -> Picture | None:
    """Return the picture, or None for a run without a need, or without a proposal."""
    shown = [each for each in results.advice if each.proposals]
    if not shown:
        return None
    return Picture(
        name="need",
        title=" ".join(each.sentence for each in shown).rstrip("."),
        caption="Predicted memory of each way to serve the load, with its predicted 99th percentile. Pale: it does "
        "not carry the load. Predicted from the times that one user saw, and from the CPU time and the memory of its "
        "requests; a thread and a coroutine cost what was measured of the twins before the run.",
        figures=[
            Figure(
                chart(each),
                f"Predicted memory of what would serve {each.need} of {each.service}.",
                heading=f"{each.service}, {each.need}",
                width=WIDTHS.get(len(shown), 540),
            )
            for each in shown
        ],
        table=_table(shown),
        abreast=min(2, len(shown)),
    )


def chart(advice: Advice) -> alt.LayerChart:
    """Return the chart of one service: a bar for each proposal."""
    names = [each.what for each in advice.proposals]
    rows: list[dict[str, Any]] = []
    for each in advice.proposals:
        _, p99, memory, _, _ = told(each)
        label = f"{memory} MiB, p99 {p99}{'' if each.p99 is None else ' ms'}"
        rows.append({"name": each.what, "memory": (each.memory or 0.0) / 2**20, "enough": each.enough, "label": label})
    data = Datasets()
    longest = max(row["memory"] for row in rows) or 1.0
    scale = alt.Scale(domain=[0, longest * ROOM], nice=False)
    x = alt.X("memory:Q", title="predicted memory, MiB", scale=scale).axis(tickCount=4, format="~f")
    y = alt.Y("name:N", sort=names, title=None).axis(domain=False, labelLimit=240, ticks=False)
    bars = alt.Chart(data.add(rows))
    fill = alt.condition("datum.enough", alt.value(INK), alt.value(SHADE))
    return data.chart(
        [
            bars.mark_bar(height=alt.RelativeBandSize(band=0.6), stroke=INK, strokeWidth=1.5).encode(
                x=x, y=y, fill=fill
            ),
            bars.mark_text(align="left", dx=6).encode(x=x, y=y, text=alt.Text("label:N")),
        ]
    ).properties(height=height(names))


def _table(shown: list[Advice]) -> Table:
    rows = [[each.service, each.need, one.what, *told(one)] for each in shown for one in each.proposals]
    return Table(["service", "needed for", "with", *HEADS], rows, caption=f"Predicted: {UNITS}.")
