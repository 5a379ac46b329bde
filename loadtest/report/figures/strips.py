"""The picture of what held event loops: the time of each loop as a strip, with blocked stretches coloured by line."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt

from loadtest.english import count, duration, limited
from loadtest.results.schema import Results
from loadtest.results.stalls import NOT_SCHEDULED, RARE, Stalls, WatchedLoop
from loadtest.verdict.held import headline, plain, share
from loadtest.verdict.stall_tables import findings

from .picture import WIDTHS, Datasets, Figure, Picture, Table
from .theme import COLOURS, FAINT, INK, PAPER

POINTS, FEWEST, MOST = 1440, 120, 720
"""Moments that the strips of a picture have together, and the fewest and the most of one strip: no more than pixels."""

LOOPS = 12
"""The most strips of a picture."""

STRIP, GAP = 48, 14
"""Height in pixels of a strip and of the space below it."""

OWN_COLOURS = COLOURS[:4]
"""The colours of the lines that held the loops the longest. More would not differ for readers who see fewer colours."""

OTHERS = "further lines"

PALE = (RARE, NOT_SCHEDULED)
"""Stretches that are drawn and are no findings."""

IDLE = "#cdd6de"
"""The colour of what is no finding; report.css replaces it if the reader prefers dark."""

LONGEST = 34
"""The most letters of a line's name in the legend: a phone has no room for more."""


class Series(NamedTuple):
    """One colour: its name in the legend, and the stretches that it stands for."""

    name: str
    colour: str
    whats: frozenset[str]


def picture(results: Results) -> Picture | None:
    """Return the picture, or None for a run that watched no loop."""
    shown = [each for each in results.stalls if each.loops]
    if not shown:
        return None
    return Picture(
        name="strips",
        title=headline(results),
        caption=_caption(shown),
        figures=[
            Figure(
                chart(each),
                f"The time of the event loops of {each.service}; coloured where a line held them.",
                heading=each.service if len(shown) > 1 else "",
                width=WIDTHS[min(2, len(shown))],
            )
            for each in shown
        ],
        table=_table(shown),
        opened=True,
    )


def _caption(shown: Sequence[Stalls]) -> str:
    """Return the explanation of what is drawn: of the strips, the height of their colours, and shares of the time."""
    whats = {stretch.what for each in shown for loop in each.loops for stretch in loop.stretches}
    named = {NOT_SCHEDULED: "no finding, the machine ran something else", RARE: "too seldom to be told from chance"}
    pale = [f"{name.capitalize()}: {told}." for name, told in named.items() if name in whats]
    first = shown[0]
    moment = duration(first.seconds * 1000 / moments(first))
    return " ".join(
        [
            f"Each strip is an event loop in a window of {first.seconds:.0f} s. Coloured: held for "
            f"{duration(first.least_ms)} or longer; as high as the share of each {moment} that it was held.",
            *(f"{each.service + ': ' if len(shown) > 1 else ''}{_shares(each)}" for each in shown),
            *pale,
        ]
    )


def _shares(stalls: Stalls) -> str:
    """Return the share of the loops' time of each line, and how many loops are left out."""
    held = [f"{each.name} {share(_share(stalls, each))}" for each in _series(stalls) if not each.whats & {*PALE}]
    left = len(stalls.loops) - LOOPS
    told = f"Of the loops' time: {', '.join(held)}." if held else "No line held the loop."
    return f"{told} Left out: {count(left, 'loop')} that were held the least." if left > 0 else told


def chart(stalls: Stalls) -> alt.LayerChart:
    """Return the chart of one service: a strip for each loop."""
    loops, series, data = _loops(stalls), _series(stalls), Datasets()
    high = STRIP + GAP
    height = high * len(loops)
    seconds = alt.Scale(domain=[0, stalls.seconds], nice=False)
    x = alt.X("t:Q", title="seconds of the window", scale=seconds).axis(tickCount=6, format="~f", grid=False)
    up = alt.Scale(domain=[0, height], reverse=True, nice=False)
    names = {place * high + STRIP / 2: _named(loop, stalls) for place, loop in enumerate(loops)}
    labels = f"{{{', '.join(f'{middle:g}: {json.dumps(told)}' for middle, told in names.items())}}}[datum.value]"
    axis = alt.Axis(values=[*names], labelExpr=labels, grid=False, domain=False, ticks=False, labelLimit=120)
    y = alt.Y("low:Q", title=None, scale=up, axis=axis)
    grounds = [
        {"t": 0, "end": stalls.seconds, "low": place * high, "high": place * high + STRIP}
        for place in range(len(loops))
    ]
    layers: list[Any] = [
        alt.Chart(data.add(grounds))
        .mark_rect(fill=PAPER, stroke=FAINT, strokeWidth=1)
        .encode(x=x, x2="end:Q", y=y, y2="high:Q")
    ]
    key = alt.Legend(title=None, orient="top", direction="vertical", columns=1, symbolType="square", symbolSize=120)
    colours = alt.Scale(domain=[each.name for each in series], range=[each.colour for each in series])
    fill = alt.Fill("line:N", scale=colours, legend=key)
    for each, drawn in zip(series, _rows(stalls, loops, series), strict=True):
        named = alt.Chart(data.add(drawn)).transform_calculate(line=json.dumps(each.name))  # no row repeats it
        area = named.mark_area(interpolate="step-after", opacity=1)
        layers.append(area.encode(x=x, y=y, y2="high:Q", fill=fill, detail="loop:N"))
    return data.chart(layers).properties(height=height)


def moments(stalls: Stalls) -> int:
    """Return the number of moments into which a strip is divided."""
    return max(FEWEST, min(MOST, POINTS // max(1, min(LOOPS, len(stalls.loops)))))


def _series(stalls: Stalls) -> list[Series]:
    """Return the colours that the strips need: of findings, and one of what is no finding."""
    found = stalls.findings
    names = [limited(plain(each.site.where) if each.site else each.kind, LONGEST) for each in found[: len(OWN_COLOURS)]]
    twice = Counter(names)
    series = [
        Series(f"{name} #{place + 1}" if twice[name] > 1 else name, OWN_COLOURS[place], frozenset({str(place)}))
        for place, name in enumerate(names)
    ]
    more = frozenset(str(place) for place in range(len(OWN_COLOURS), len(found)))
    seen = {stretch.what for loop in stalls.loops for stretch in loop.stretches}
    pale = [each for each in PALE if each in seen]
    others = (Series(OTHERS, INK, more & seen), Series(" or ".join(pale), IDLE, frozenset(pale)))
    return [*series, *(each for each in others if each.whats)]


def _loops(stalls: Stalls) -> list[WatchedLoop]:
    """Return the loops that are drawn, by process; of many, those that were held the longest."""
    most = sorted(stalls.loops, key=lambda loop: -_held(loop, stalls))[:LOOPS]
    return sorted(most, key=lambda loop: loop.process)


def _held(loop: WatchedLoop, stalls: Stalls) -> float:
    """Return the share of the window in which findings held a loop."""
    return _of(loop, stalls, {str(place) for place in range(len(stalls.findings))})


def _of(loop: WatchedLoop, stalls: Stalls, whats: set[str] | frozenset[str]) -> float:
    held = sum(
        max(0.0, min(each.end, stalls.seconds) - max(each.begin, 0.0)) for each in loop.stretches if each.what in whats
    )
    return min(1.0, held / stalls.seconds)


def _share(stalls: Stalls, series: Series) -> float:
    """Return the share of the loops' time as the table has it: a stretch may have held them at several lines."""
    return min(1.0, sum(stalls.findings[int(what)].share for what in series.whats))


def _named(loop: WatchedLoop, stalls: Stalls) -> list[str]:
    return [f"process {loop.process}", f"{share(_held(loop, stalls))} held"]


def _rows(stalls: Stalls, loops: Sequence[WatchedLoop], series: Sequence[Series]) -> list[list[dict[str, Any]]]:
    """Return the rows of each colour: the ends of its area in pixels from the top, wherever one of them changes.

    A moment's colours are stacked from the bottom of the strip, each as high as its share of the moment.
    """
    number = moments(stalls)
    moment = stalls.seconds / number
    drawn: list[list[dict[str, Any]]] = [[] for _ in series]
    for place, loop in enumerate(loops):
        bottom = place * (STRIP + GAP) + STRIP
        floor = [0.0] * number
        for rows, each in zip(drawn, series, strict=True):
            before: tuple[float, float] | None = None
            shares = spread(loop, each.whats, moment, number)
            for at, part in enumerate([*shares, 0.0]):
                low = floor[at] if at < number else 0.0
                high = min(1.0, low + part)
                ends = (round(bottom - high * STRIP, 1), round(bottom - low * STRIP, 1)) if part else (0.0, 0.0)
                if ends != before:  # nothing is drawn where both ends are alike
                    top, base = ends if part else (bottom, bottom)
                    rows.append({"loop": place, "t": round(at * moment, 3), "low": base, "high": top})
                    before = ends
                if at < number:
                    floor[at] = high
    return drawn


def spread(loop: WatchedLoop, whats: frozenset[str], moment: float, number: int) -> list[float]:
    """Return the share of each moment of a window in which stretches of these kinds lie."""
    shares = [0.0] * number
    for each in loop.stretches:
        if each.what not in whats:
            continue
        first, last = max(0, int(each.begin / moment)), min(number - 1, int(each.end / moment))
        for at in range(first, last + 1):
            shares[at] += max(0.0, min(each.end, (at + 1) * moment) - max(each.begin, at * moment)) / moment
    return [min(1.0, part) for part in shares]


def _table(shown: Sequence[Stalls]) -> Table:
    """Return the findings of all services, with a column for the service if there are several."""
    several = len(shown) > 1
    tables = [(each.service, findings(each)) for each in shown]
    head = [*(["service"] if several else []), *tables[0][1].head]
    rows = [[*([service] if several else []), *row] for service, table in tables for row in table.rows]
    return Table(head if rows else [], rows)
