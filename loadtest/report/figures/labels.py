"""Labels at the ends of lines, in place of a legend: each is moved no further than needed to overlap no other."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from textwrap import wrap
from typing import NamedTuple

import altair as alt

from loadtest.verdict.format import bracketed

from .picture import data
from .theme import INK

LINE = 15
"""Height in pixels of a line of text."""

GAP = 14
"""Pixels from the end of the plot to the labels beside it."""

WIDEST, LONGEST = 17, 4
"""The most letters of a line of a label, and the most lines: beside them a phone has room for the chart."""


def lines(name: str) -> list[str]:
    """Return the lines of a label. The settings of a service begin a line of their own; what is too long is cut."""
    service, colon, settings = name.partition(":")
    parts = [service + colon, *settings.replace(",", ",\n").splitlines()]
    broken = [line for part in parts for line in wrap(part, WIDEST)] or [""]
    return broken if len(broken) <= LONGEST else [*broken[: LONGEST - 1], f"{broken[LONGEST - 1][: WIDEST - 1]}…"]


def apart(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Return the middles of labels: in the order of `wanted`, as close to it as they can be, and without overlaps.

    The labels stay between `low` and `high`, unless they need more room than that. Their sum of squared moves is the
    smallest possible: labels that would overlap form a block, which stands at the mean of what they want.
    """
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    before = list(accumulate((heights[place] for place in order), initial=0.0))
    middles = [start + heights[place] / 2 for start, place in zip(before, order, strict=False)]
    blocks: list[tuple[float, int]] = []  # the start of the first label as the block wants it, and its labels
    for place, middle in zip(order, middles, strict=True):
        start, labels = wanted[place] - middle, 1
        while blocks and blocks[-1][0] >= start:
            other, more = blocks.pop()
            start, labels = (start * labels + other * more) / (labels + more), labels + more
        blocks.append((start, labels))
    starts = [max(low, min(start, high - before[-1])) for start, labels in blocks for _ in range(labels)]
    found = dict(zip(order, (start + middle for start, middle in zip(starts, middles, strict=True)), strict=True))
    return [found[place] for place in range(len(wanted))]


def height(names: Sequence[str]) -> int:
    """Return the height in pixels of the labels of all these names, one below the other."""
    return sum(LINE * len(lines(name)) for name in names)


class End(NamedTuple):
    """The end of a line: where it is in the units of the axes, and in pixels from the top of the chart."""

    name: str
    colour: str
    x: float
    y: float
    pixel: float
    holds: bool = True


class Frame(NamedTuple):
    """The room for the names of lines: between two pixels from the top, beside `right` on the axis of x."""

    top: float
    bottom: float
    value: Callable[[float], float]
    """Returns the value on the axis of y at a distance from the top."""
    right: float


def layers(ends: Sequence[End], frame: Frame) -> list[alt.Chart]:
    """Return the layers that name lines, and lead from their ends to their names."""
    texts = [lines(bracketed(each.name, holds=each.holds)) for each in ends]
    middles = apart([each.pixel for each in ends], [LINE * len(text) for text in texts], frame.top, frame.bottom)
    rows = [
        {
            **{"name": each.name, "colour": each.colour, "from": each.x, "end": each.y, "right": frame.right},
            **{"beside": frame.value(middle), "first": frame.value(middle - LINE * (len(text) - 1) / 2)},
            "label": text,
        }
        for each, text, middle in zip(ends, texts, middles, strict=True)
    ]
    named = alt.Chart(data(rows))
    leader = named.mark_rule(strokeWidth=1, x2Offset=GAP - 3).encode(stroke=alt.Stroke("colour:N", scale=None))
    text = named.mark_text(align="left", fill=INK, lineHeight=LINE, xOffset=GAP)
    return [
        leader.encode(x=alt.X("from:Q"), y=alt.Y("end:Q"), x2=alt.X2("right:Q"), y2=alt.Y2("beside:Q")),
        text.encode(x=alt.X("right:Q"), y=alt.Y("first:Q"), text="label:N", tooltip="name:N"),
    ]
