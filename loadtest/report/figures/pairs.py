"""The picture of two services that were compared pair by pair: the ratio of each figure, with its interval."""

from math import inf
from typing import Any

import altair as alt

from loadtest.results.schema import Pairing, Results
from loadtest.verdict.pairs import CHANGED, HEADS, SMALLEST, UNITS, Difference, differences, headline, told

from .picture import WIDTHS, Datasets, Figure, Picture, Table
from .theme import INK, MUTED, SHADE, height

ROOM = 1.03
"""Factor by which the axis goes beyond the intervals."""


def picture(results: Results) -> Picture | None:
    """Return the picture, or None for a run without pairs."""
    every = differences(results)
    found = [each for each in every if each.ratios and _drawn(each)]
    if not found:
        return None
    pairings = sorted(dict.fromkeys(each.pairing for each in found), key=lambda each: each.itself)
    return Picture(
        name="pairs",
        title=headline(results).rstrip("."),
        caption="Ratio of each figure, the median of all pairs; line: its interval. Dark: a clear difference; "
        f"pale: not clear. Shaded: differences up to {SMALLEST:.0%}, which are too small to count.",
        figures=[
            _figure(pairing, [each for each in found if each.pairing == pairing], len(pairings)) for pairing in pairings
        ],
        table=_table(every),
        abreast=len(pairings),
    )


def _figure(pairing: Pairing, found: list[Difference], abreast: int) -> Figure:
    who = f"{pairing.after} against {pairing.before}"
    return Figure(
        chart(found), f"Ratios of the figures of {who}, with intervals.", heading=who, width=WIDTHS.get(abreast, 540)
    )


def chart(found: list[Difference]) -> alt.LayerChart:
    """Return the chart of one pairing: a row for each figure under each load."""
    names = [f"{each.load.label}, {each.figure}" for each in found]
    rows = [_mark(name, each) for name, each in zip(names, found, strict=True)]
    ends = [end for row in rows for end in (row["low"], row["high"], 1 + SMALLEST, 1 / (1 + SMALLEST))]
    data = Datasets()
    domain = [min(ends) / ROOM, max(ends) * ROOM]
    scale = alt.Scale(type="log", domain=domain, nice=False)
    x = alt.X("ratio:Q", title="ratio (log scale)", scale=scale).axis(
        format=".2f", labelOverlap="greedy", labelSeparation=8, tickCount=4
    )
    y = alt.Y("name:N", sort=names, title=None).axis(domain=False, labelLimit=240, ticks=False)
    alike = data.add([{"from": 1 / (1 + SMALLEST), "until": 1 + SMALLEST, "one": 1}])
    band = alt.Chart(alike).mark_rect(fill=SHADE, opacity=1)
    marks = alt.Chart(data.add(rows))
    points = marks.mark_point(size=80, stroke=INK, strokeWidth=1.5, opacity=1)
    tooltip = [alt.Tooltip("name:N"), *(alt.Tooltip(f"{each}:Q", format=".3f") for each in ("ratio", "low", "high"))]
    return data.chart(
        [
            band.encode(x=alt.X("from:Q", scale=scale), x2="until:Q"),
            alt.Chart(alike).mark_rule(stroke=MUTED).encode(x=alt.X("one:Q", scale=scale)),
            marks.mark_rule(stroke=INK, strokeWidth=2).encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y),
            points.encode(
                x=x,
                y=y,
                fill=alt.condition("datum.clear", alt.value(INK), alt.value(SHADE)),
                tooltip=[*tooltip, alt.Tooltip("says:N")],
            ),
        ]
    ).properties(height=height(names))


def _drawn(each: Difference) -> bool:
    """Return True if an axis can show all of a difference: not if requests were lost in one of its runs."""
    return all(0 < ratio < inf for ratio in each.ratios)


def _mark(name: str, each: Difference) -> dict[str, Any]:
    low, high = (each.interval.low, each.interval.high) if each.interval else (each.ratio, each.ratio)
    clear = each.says in CHANGED
    return {"name": name, "ratio": each.ratio, "low": low, "high": high, "says": each.says, "clear": clear}


def _table(found: list[Difference]) -> Table:
    head = ["services", found[0].load.unit, "figure", "before", "after", *HEADS]
    rows = [
        [f"{each.pairing.after} against {each.pairing.before}", str(each.load.amount), *told(each)] for each in found
    ]
    return Table(head, rows, caption=f"Medians of the pairs: {UNITS}.")
