"""The look of the charts: each service has its own colour, dash and marker."""

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, TypeVar

import altair as alt

from loadtest.contenders.service import CORE, lineup
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row

T = TypeVar("T")

INK, MUTED, FAINT, PAPER = "#1d2126", "#59636e", "#dde2e7", "#ffffff"
"""Colours of the light page; report.css replaces them if the reader prefers dark."""

SHADE = "#e3e8ed"
"""The colour of a shaded area of the light page; report.css replaces it too."""

COLOURS = (
    *("#ac4540", "#be850e", "#1aa09e", "#525ec5", "#a4509a", "#2f7f9f", "#7a7a00", "#868d97"),
    *("#c2385f", "#8458d6", "#8f5f45", "#4d8b1f", "#d0417e", "#4d7f6b"),
)
"""Marks of each colour stand out on the light and on the dark page. The first four, of the services that are always
installed, differ also for readers who see fewer colours, as tests compute. So many as all are hard to distinguish, so
each service of the line-up also has its own marker and dash."""

KIND_COLOURS = {"blocking": COLOURS[0], "non-blocking": COLOURS[3], "unknown": COLOURS[7]}

MARKERS = (
    *("square", "triangle-up", "diamond", "circle", "cross", "triangle-down", "triangle-right", "triangle-left"),
    "M0,-1L0.25,-0.31L0.95,-0.31L0.38,0.12L0.59,0.81L0,0.4L-0.59,0.81L-0.38,0.12L-0.95,-0.31L-0.25,-0.31Z",  # a star
    "M-0.8,-0.8L0.8,-0.8L-0.8,0.8L0.8,0.8Z",  # an hourglass
    "M-0.8,-0.8L-0.8,0.8L0.8,-0.8L0.8,0.8Z",  # a bow tie
    "M0,-0.9L0.86,-0.28L0.53,0.73L-0.53,0.73L-0.86,-0.28Z",  # a pentagon
    "M-0.9,-0.4L0.9,-0.4L0.9,0.4L-0.9,0.4Z",  # a beam
    "M-0.4,-0.9L0.4,-0.9L0.4,0.9L-0.4,0.9Z",  # a post
)

DASHES = (
    *([1, 0], [8, 3], [3, 3], [1, 3], [8, 3, 2, 3], [12, 4], [5, 2, 1, 2], [2, 6]),
    *([14, 3, 3, 3], [6, 6], [8, 2, 2, 2, 2, 2], [4, 2], [16, 8], [1, 6]),
)

LARGEST, SMALLEST = 170, 45
"""Area in square pixels of the first and the last service's markers: overlapping markers stay visible."""

BROKEN = [3, 3]
"""The dash of the outline of what is inconclusive."""

UNSURE = "Hollow, in brackets: inconclusive."
"""The sentence that explains how all charts draw what is inconclusive."""

STACKED = {"top": {"anchor": "start", "direction": "vertical", "bounds": "full", "margin": 2}}
"""The place of several legends: above the chart, one below the other, as a phone needs it."""

HEIGHT = 300
"""Height of a chart in pixels."""

BAR, TALL_BAR = 22, 34
"""Height in pixels of a step's bar and the space around it: with a name of one line, and of two."""

IS_LONG = "indexof(datum.label, ':') >= 0"
"""An expression that is true for the name of a service with settings."""


def services(results: Sequence[Results]) -> list[str]:
    """Return the names of all services, in the order of the runs."""
    return list(dict.fromkeys(each.name for result in results for each in result.contenders))


def colour(names: list[str], *, keyed: bool = True) -> alt.Color:
    """Return the encoding of services by colour, with a legend if `keyed`."""
    return alt.Color("service:N", scale=_scale(COLOURS, names), legend=legend() if keyed else None)


def colour_of(names: list[str], service: str) -> str:
    """Return the colour of one service."""
    return _as_many(COLOURS, names)[names.index(service)]


def shape(names: list[str], *, keyed: bool = True) -> alt.Shape:
    """Return the encoding of services by marker, with a legend if `keyed`."""
    return alt.Shape("service:N", scale=_scale(MARKERS, names), legend=legend() if keyed else None)


def size(names: list[str], service: str) -> int:
    """Return the area of a service's markers in square pixels."""
    place = names.index(service) / max(1, len(names) - 1)
    return round(LARGEST + (SMALLEST - LARGEST) * place)


def marks(drawn: alt.Chart, names: list[str], tooltip: Sequence[Any], *, keyed: bool = True) -> alt.Chart:
    """Return the steps of `drawn` as markers, sized by the field `size`, hollow if inconclusive."""
    own = alt.Fill("service:N", scale=_scale(COLOURS, names), legend=legend() if keyed else None)
    points: alt.Chart = drawn.mark_point(strokeWidth=2, opacity=1)
    return points.encode(
        shape=shape(names, keyed=keyed),
        size=alt.Size("size:Q", scale=None, legend=None),
        fill=hollow(own),
        tooltip=list(tooltip),
    )


def hollow(full: Any) -> Any:
    """Return the fill of marks: `full`, but empty if inconclusive (the field `holds` is false), as in every chart.

    The outline of a bar is `broken` too, a line stops before an inconclusive mark (see `stretches`), and a label is in
    brackets (see `format.bracketed`). Nothing else is hollow: what is undecided, or not clear, has the colour SHADE.
    """
    return alt.condition("datum.holds", full, alt.value(PAPER))


def unsure(rows: Iterable[Row]) -> str:
    """Return the sentence of a caption that explains what is inconclusive, or "" if nothing is."""
    return "" if all(row.holds for row in rows) else f" {UNSURE}"


def broken() -> Any:
    """Return the dash of outlines, broken if inconclusive."""
    return alt.condition("datum.holds", alt.value([1, 0]), alt.value(BROKEN))


def stretches(table: list[Row]) -> list[tuple[Row, int]]:
    """Return the measured rows with the number of their line: an inconclusive step interrupts a line."""
    found = []
    stretch = 0
    for row in table:
        stretch += not row.holds
        if row.windows:
            found.append((row, stretch))
    return found


def dashes(names: list[str]) -> list[list[int]]:
    """Return a dash pattern for each service, in pixels."""
    return _as_many(DASHES, names)


def steps(names: list[str]) -> alt.Y:
    """Return the axis of a chart with a bar for each step. The settings of a service have a line of their own."""
    end = "indexof(datum.label, ':') + 1"
    lines = f"{IS_LONG} ? [slice(datum.label, 0, {end}), slice(datum.label, {end})] : datum.label"
    middle = {"condition": {"test": IS_LONG, "value": "bottom"}, "value": "middle"}  # the first line's
    y = alt.Y("name:N", sort=names, title=None)
    return y.axis(domain=False, labelBaseline=middle, labelExpr=lines, labelLimit=240, ticks=False)


def height(names: list[str]) -> int:
    """Return the height in pixels of a chart with a bar for each of these steps."""
    return len(names) * (TALL_BAR if any(":" in name for name in names) else BAR)


def legend() -> alt.Legend:
    """Return a legend above the chart, where it takes no width."""
    return alt.Legend(title=None, orient="top", direction="horizontal", columns=2, symbolSize=90)


def finished(chart: alt.LayerChart) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart in the report's style, as wide as its container."""
    lines = {"gridColor": FAINT, "domainColor": MUTED, "tickColor": MUTED}
    texts = {"labelColor": INK, "titleColor": MUTED, "titleFontWeight": "normal"}
    styled = (
        chart.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure(font="system-ui, sans-serif", background="transparent")
        .configure_view(stroke=None)
        .configure_axis(**lines, **texts, labelFontSize=12, titleFontSize=12)
        .configure_legend(labelColor=INK, labelFontSize=13, labelLimit=320)
        .configure_text(color=INK, fontSize=12)
    )
    specification: dict[str, Any] = styled.to_dict(validate=False)
    specification["config"]["legend"]["layout"] = STACKED  # Altair's schema has no name for it
    return specification


def _scale(of: Sequence[Any], names: list[str]) -> alt.Scale:
    return alt.Scale(domain=names, range=_as_many(of, names))


def _as_many(of: Sequence[T], names: list[str]) -> list[T]:
    """Return one element of `of` per service: fixed for the line-up, the unused ones for other services."""
    everyone = dict.fromkeys([*CORE, *lineup(1)])
    known = {name: place for place, name in enumerate(everyone) if name in names}
    left = cycle([place for place in range(len(of)) if place not in known.values()] or range(len(of)))
    return [of[known[name] % len(of)] if name in known else of[next(left)] for name in names]
