"""The picture of where async pays: how much more one service carries, by wait and requests in flight."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any, Literal

import altair as alt

from loadtest.english import duration
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.format import bracketed
from loadtest.verdict.memory import Growth
from loadtest.verdict.points import Point, kept, points
from loadtest.verdict.where import (
    LONGEST,
    MOST,
    SHORTEST,
    Pair,
    Side,
    differing,
    growths,
    remembered,
    rule,
)

from .picture import Datasets, Figure, Picture, Table
from .theme import INK, MUTED, PAPER, UNSURE, colour, hollow

STEPS = (
    (0.0, "#d9a05b", "under 0.2"),
    (0.2, "#e8c391", "0.2 to 0.5"),
    (0.5, "#f4e2c6", "0.5 to 0.9"),
    (0.9, "#f6f7f9", "0.9 to 1.1"),
    (1.1, "#e3e8ed", "1.1 to 2"),
    (2.0, "#cdd6de", "2 to 5"),
    (5.0, "#b4c1cc", "5 to 20"),
    (20.0, "#98a9b8", "over 20"),
)
"""The steps of the colour: the least number of times, the colour on the light page, and the words of the legend."""

COLUMNS, ROWS = 50, 80
"""Waits, and numbers of requests in flight, for which the number of times is computed."""

HEIGHT = 330
"""Height of the chart in pixels: with a headline above it, it fits a projector's screen."""

CLOSE = 2.0
"""Numbers of requests in flight whose quotient is less are too close for two labels above them."""

TOP = 0.8 * MOST
"""The most requests in flight at which a label stands, so that it stays in the chart."""

BESIDE: tuple[tuple[str, Literal["left", "right"], int, int], ...] = (
    ("above", "right", -4, -9),
    ("below", "right", -4, 11),
    ("right", "left", 6, -6),
)
"""The sides of labels, with their alignment and their distance in pixels."""

SHOWN = ((0.001, 0.01, 0.1, 1.0, 10.0), (1, 10, 100, 1000, 10_000))
"""The waits and the numbers of requests in flight on the axes and in the table."""


def picture(results: Results, table: list[Row]) -> Picture | None:
    """Return the picture of a run, or None without trusted calibrations of a blocking and a non-blocking service."""
    pair = differing(results)
    if pair is None or pair.doubt:
        return None
    found, memory = points([results], pair.names), results.machine.memory
    grown = growths(pair, table)
    _, *example = rule(pair, results.options.wait)
    drawn = of_pair(pair, found, grown, memory)
    said = " ".join([*example, remembered(grown, memory)])
    caption = f"{kept(found)} {drawn.caption}" if found else drawn.caption
    return replace(drawn, caption=caption, table=replace(drawn.table, caption=said))


def of_pair(pair: Pair, found: list[Point], grown: list[tuple[Side, Growth | None]], memory: int) -> Picture:
    """Return the picture of two services. `found`: points that were measured. `grown`: the memory of a request."""
    first, second = pair.names
    return Picture(
        name="map",
        title=rule(pair)[0].rstrip("."),
        caption=" ".join(
            [
                f"Colour: how many times the throughput of {first} {second} has, computed from the CPU time of a "
                "request as calibrated under full load. Line: where its label runs out in one service; above it "
                "requests only queue.",
                *(["Dot: the number of times that was measured."] if found else []),
                *([UNSURE] if any(not each.holds for each in found) else []),
            ]
        ),
        figures=[
            Figure(
                chart(pair, found, grown, memory),
                f"How many times the throughput of {first} {second} has, by wait and requests in flight.",
            )
        ],
        table=_table(pair, found),
    )


def chart(pair: Pair, found: list[Point], grown: list[tuple[Side, Growth | None]], memory: int) -> alt.LayerChart:
    """Return the chart: coloured areas, the lines on which something runs out, and measured dots."""
    data = Datasets()
    waits = alt.Scale(type="log", domain=[SHORTEST * 1000, LONGEST * 1000], nice=False)
    flights = alt.Scale(type="log", domain=[1, MOST], nice=False)
    x = alt.X("wait:Q", title="wait, ms (log scale)", scale=waits)
    x = x.axis(values=[wait * 1000 for wait in SHOWN[0]], format=",d", grid=False)
    y = alt.Y("flight:Q", title="requests in flight (log scale)", scale=flights)
    y = y.axis(values=list(SHOWN[1]), format=",d", grid=False)
    areas = list(_areas(pair))
    used = [step for step in STEPS if any(area["times"] == step[2] for area in areas)]
    shades = alt.Scale(domain=[words for _, _, words in used], range=[shade for _, shade, _ in used])
    legend = alt.Legend(
        title=None, orient="top", direction="horizontal", columns=3, symbolStrokeColor=MUTED, symbolStrokeWidth=1
    )
    ground = (
        alt.Chart(data.add(areas))
        .mark_rect(opacity=1)
        .encode(x=x, x2="until:Q", y=y, y2="top:Q", fill=alt.Fill("times:N", scale=shades, legend=legend))
    )
    lines = list(_lines(pair, grown, memory))
    drawn = alt.Chart(data.add(lines)).encode(x=x, y=y, detail=alt.Detail("line:N"))
    casing = drawn.mark_line(clip=True, stroke=PAPER, strokeWidth=5, opacity=0.8)
    edges = drawn.mark_line(clip=True, strokeWidth=2.5).encode(color=colour(pair.names))
    dots = [_dot(point) for point in found]
    marks = alt.Chart(data.add(dots)).encode(x=x, y=y)
    told = ["wait:Q", "flight:Q", "predicted:N", "measured:N", "ratio:N", "bound:N", "inconclusive:N"]
    circles = marks.mark_point(shape="circle", size=60, stroke=INK, strokeWidth=1.5, opacity=1).encode(
        fill=hollow(alt.value(INK)), tooltip=told
    )
    layers = [ground, casing, edges, *_texts(data, x, y, list(_labels(lines))), circles, *_texts(data, x, y, dots)]
    return data.chart(layers).properties(height=HEIGHT)


def _areas(pair: Pair) -> Iterator[dict[str, Any]]:
    """Yield rectangles of one colour: in each column of waits, neighbouring numbers of the same step are one.

    Each reaches into the next one, which is drawn over it, so that no gap shows between them.
    """
    flights = [_between(1, MOST, row / ROWS) for row in range(ROWS + 1)]
    for column in range(COLUMNS):
        wait = _between(SHORTEST, LONGEST, (column + 0.5) / COLUMNS)
        from_, until = (_between(SHORTEST, LONGEST, min(1, edge / COLUMNS)) for edge in (column, column + 1.5))
        steps = enumerate(map(_step, pair.column(wait, [round(flight) for flight in flights[:-1]])))
        for words, group in groupby(steps, key=lambda each: each[1]):
            rows = [row for row, _ in group]
            yield {
                "wait": _rounded(from_ * 1000),
                "until": _rounded(until * 1000),
                "flight": _rounded(flights[rows[0]]),
                "top": _rounded(_between(1, MOST, min(1, (rows[-1] + 1.5) / ROWS))),
                "times": words,
            }


def _step(times: float) -> str:
    return next(words for least, _, words in reversed(STEPS) if times >= least)


def _lines(pair: Pair, grown: list[tuple[Side, Growth | None]], memory: int) -> Iterator[dict[str, Any]]:
    """Yield the points of the lines: for each service where it is full, and where its memory is full, if it ever is."""
    for side in (pair.first, pair.second):
        waits = {side.turn(), *(_between(SHORTEST, LONGEST, step / COLUMNS) for step in range(COLUMNS + 1))}
        for wait in sorted(waits):
            if SHORTEST <= wait <= LONGEST:
                yield _place(side, f"{side.name}: full", wait, side.full(wait), side.resource(wait))
    for side, known in grown:
        full = known.full(memory) if known else MOST
        if full < min(MOST, side.contender.slots or MOST):
            yield from (_place(side, f"{side.name}: memory", wait, full, "memory") for wait in (SHORTEST, LONGEST))


def _place(side: Side, line: str, wait: float, flight: float, what: str) -> dict[str, Any]:
    where = {"wait": _rounded(wait * 1000), "flight": _rounded(flight)}
    return {"service": side.name, "line": line, **where, "what": what}


def _labels(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a label for each part of a line: above its right end, or where it leaves the chart.

    It is below its line if another label is close above.
    """
    ends: list[dict[str, Any]] = []
    for _, group in groupby(lines, key=lambda point: (point["line"], point["what"])):
        if inside := [point for point in group if 1 <= point["flight"] <= TOP]:
            end = inside[-1]
            beside = [each for each in ends if each["wait"] == end["wait"]]
            close = any(1 / CLOSE < each["flight"] / end["flight"] < CLOSE for each in beside)
            ends.append(end)
            yield {**end, "text": end["what"], "side": "below" if close else "above"}


def _dot(point: Point) -> dict[str, Any]:
    return {
        "wait": point.wait * 1000,
        "flight": point.users,
        "predicted": f"{point.predicted:.2f}",
        "measured": f"{point.measured:.2f}",
        "ratio": f"{point.ratio:.2f}",
        "bound": point.bound,
        "holds": point.holds,
        "inconclusive": "; ".join([*point.first.doubts, *point.second.doubts]) or "no",
        "text": bracketed(f"{point.measured:.1f} times", holds=point.holds),
        "side": "right",
    }


def _texts(data: Datasets, x: alt.X, y: alt.Y, rows: list[dict[str, Any]]) -> Iterator[alt.Chart]:
    """Yield layers of labels beside their places, each over a copy of itself in the colour of the page."""
    drawn = alt.Chart(data.add(rows)).encode(x=x, y=y, text="text:N")
    for side, align, dx, dy in BESIDE:
        beside = drawn.transform_filter(f"datum.side == '{side}'")
        yield beside.mark_text(align=align, dx=dx, dy=dy, stroke=PAPER, strokeWidth=3.5, strokeJoin="round")
        yield beside.mark_text(align=align, dx=dx, dy=dy)


def _between(low: float, high: float, part: float) -> float:
    """Return the figure at a part (0 to 1) of the way between two others on a logarithmic scale."""
    return low * float((high / low) ** part)


def _rounded(figure: float) -> float:
    return float(f"{figure:.4g}")


def _table(pair: Pair, found: list[Point]) -> Table:
    """Return predictions at the ticks of both axes, and those of the measured points beside their measurements."""
    foretold = [
        [duration(wait * 1000), f"{users:,}", f"{pair.times(wait, users):.2f}", "not run", "", ""]
        for wait in SHOWN[0]
        for users in SHOWN[1]
    ]
    run = [
        [
            *(point.delay, f"{point.users:,}", f"{point.predicted:.2f}"),
            *([f"{point.measured:.2f}", f"{point.ratio:.2f}"] if point.holds else ["inconclusive", ""]),
            point.bound,
        ]
        for point in found
    ]
    head = ["wait", "requests in flight", "predicted", "measured", "measured / predicted", "bound by"]
    return Table(head, [*run, *foretold])
