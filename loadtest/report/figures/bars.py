"""A bar chart of services, grouped by kind: a bar for the measured value, a tick for the predicted one."""

from collections.abc import Callable
from typing import NamedTuple

import altair as alt

from loadtest.verdict.format import bracketed

from .picture import Datasets
from .theme import INK, KIND_COLOURS, broken, hollow

ROW = 24
"""Height in pixels of a bar and the space around it."""

ROOM = 1.3
"""Length of the axis as a multiple of the longest bar; the label needs the rest."""


class Bar(NamedTuple):
    """The bar of one service. A value of None means not measured; `holds` is false if inconclusive."""

    service: str
    kind: str
    value: float | None
    predicted: float | None = None
    holds: bool = True


def chart(bars: list[Bar], axis: str, shown: Callable[[float], str]) -> alt.LayerChart:
    """Return a chart of labelled bars; an inconclusive bar is hollow and its label is in brackets.

    `axis`: title of the value axis, with its unit. `shown`: formats a value for its label.
    """
    kinds = list(dict.fromkeys(bar.kind for bar in bars))
    order = [name for kind in kinds for name in (kind, *(bar.service for bar in bars if bar.kind == kind))]
    ends = [max(bar.value or 0.0, bar.predicted or 0.0) for bar in bars]
    rows = [{**bar._asdict(), "end": end, "label": _label(bar, shown)} for bar, end in zip(bars, ends, strict=True)]
    data = Datasets()
    drawn = alt.Chart(data.add(rows))
    heads = alt.Chart(data.add([{"service": kind} for kind in kinds]))
    bold = {"condition": {"test": f"indexof({kinds}, datum.value) >= 0", "value": "bold"}, "value": "normal"}
    y = alt.Y("service:N", sort=order, title=None).scale(domain=order)
    y = y.axis(domain=False, labelFontWeight=bold, labelLimit=130, ticks=False)
    scale = alt.Scale(domain=[0, (max(ends, default=0.0) or 1.0) * ROOM], nice=False)
    x = alt.X("value:Q", scale=scale, title=axis, axis=alt.Axis(tickCount=4, labelExpr="format(datum.value, '~f')"))
    colours = alt.Scale(domain=list(KIND_COLOURS), range=list(KIND_COLOURS.values()))
    tooltip = [alt.Tooltip("service:N"), alt.Tooltip("label:N", title="measured")]
    if any(bar.predicted for bar in bars):
        tooltip.append(alt.Tooltip("predicted:Q", format=".1f"))
    band = alt.RelativeBandSize(band=0.72)
    known = drawn.transform_filter("isValid(datum.value)").mark_bar(height=band, strokeWidth=1.5)
    foretold = drawn.transform_filter("isValid(datum.predicted)")
    ticks = foretold.mark_tick(color=INK, opacity=1, thickness=2.5, size=ROW * 0.85)
    return data.chart(
        [
            heads.mark_text(text="").encode(y=y),
            known.encode(
                x=x,
                y=y,
                fill=hollow(alt.Fill("kind:N", scale=colours, legend=None)),
                stroke=alt.Stroke("kind:N", scale=colours, legend=None),
                strokeDash=broken(),
                tooltip=tooltip,
            ),
            ticks.encode(x=alt.X("predicted:Q", scale=scale), y=y, tooltip=tooltip),
            drawn.mark_text(align="left", dx=6).encode(x=alt.X("end:Q", scale=scale), y=y, text=alt.Text("label:N")),
        ]
    ).properties(height=ROW * len(order))


def _label(bar: Bar, shown: Callable[[float], str]) -> str:
    return "not measured" if bar.value is None else bracketed(shown(bar.value), holds=bar.holds)
