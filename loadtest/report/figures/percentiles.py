"""The chart of latency: a line of marks for each service, at the load that the reader chooses."""

from math import inf, log, sqrt
from typing import Any

import altair as alt

from loadtest.english import duration
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.format import beyond, bracketed
from loadtest.workload import Load
from loadtest.workload.demand import STANDSTILL
from loadtest.workload.open import Open

from .picture import STEP, Datasets, by_step
from .theme import INK, MUTED, PAPER, broken, colour_of, hollow, services

RANKS = (0.5, 0.9, 0.99)

SHAPES, SIZES = ("circle", "diamond", "square"), (60, 120, 170)
"""The marks of the percentiles, and their areas in square pixels: where all are the same, each can be seen."""

LINE, TICK, ABOVE = 40, 17, 14
"""Heights in pixels of a service's line and of the mark of a prediction in it, and how far its figures stand above."""

LEAST_RATIO = 4.0
"""The least ratio of the longest and the shortest time on the axis: a difference of 2% must not look large."""

MARGIN = 0.12
"""Length of the axis on each side that is left free, as a share of the part with marks."""

TICKS = [digit * 10**power for power in range(-2, 6) for digit in (1, 2, 5)]
"""Tick values of the axis, in milliseconds."""

LONGEST_NAME = 170
"""Width in pixels that the name of a service takes at most."""

NOTHING = "no figures at this load"

BEYOND = "\N{RIGHTWARDS ARROW}"
"""The end of figures that are beyond the axis."""


def chart(results: Results, run: list[Row], shown: Load) -> alt.LayerChart:
    """Return a line for each service: its percentiles, its slowest request, and the prediction."""
    axes = {row.load: _ends(run, row.load) for row in run}
    domain = [alt.ExprRef(by_step({load.amount: ends[end] for load, ends in axes.items()})) for end in (0, 1)]
    datasets = Datasets()
    lines, dots, expected = (
        alt.Chart(datasets.add(each)).transform_filter(f"datum.amount == {STEP}")
        for each in (
            [_line(row, axes[row.load]) for row in run] + _empty(run),
            [dot for row in run for dot in _dots(row, axes[row.load])],
            [mark for row in run for mark in _expected(row, axes[row.load])],
        )
    )
    names, ranks = services([results]), [*map(rank_name, RANKS)]
    scale = alt.Scale(domain=names, range=[colour_of(names, name) for name in names])
    own = alt.Fill("service:N", scale=scale, legend=None)
    shade = alt.Color("service:N", scale=scale, legend=None)
    x = alt.X("ms:Q", title="latency, ms (log scale)").scale(type="log", domain=domain, nice=False)
    x, y = x.axis(format="~g", grid=False, values=TICKS), _names(run)
    tooltip = ["service:N", alt.Tooltip("rank:N", title="percentile"), alt.Tooltip("ms:Q", title="latency, ms")]
    known = lines.transform_filter("isValid(datum.low)")
    layers: list[Any] = [
        known.mark_rule(strokeWidth=1).encode(x="low:Q", x2="slowest:Q", y=y, color=shade, strokeDash=broken()),
        known.transform_filter("datum.holds").mark_rule(strokeWidth=4).encode(x="low:Q", x2="high:Q", y=y, color=shade),
        expected.mark_tick(color=INK, opacity=1, thickness=2, size=TICK).encode(x=x, y=y, tooltip=tooltip),
        dots.mark_point(opacity=1, strokeWidth=1.5).encode(
            x=x,
            y=y,
            stroke=alt.condition("datum.holds", alt.value(PAPER), alt.Stroke("service:N", scale=scale, legend=None)),
            fill=hollow(own),
            shape=alt.Shape("rank:N", scale=alt.Scale(domain=ranks, range=[*SHAPES]), legend=None),
            size=alt.Size("size:Q", scale=None, legend=None),
            tooltip=tooltip,
        ),
        known.mark_text(align=alt.ExprRef("datum.align"), dy=-ABOVE).encode(x="at:Q", y=y, text="says:N"),
        lines.transform_filter("!isValid(datum.low)")
        .mark_text(align="left", color=MUTED)
        .encode(x=alt.value(6), y=y, text="says:N"),
    ]
    step = alt.param(name=STEP, value=shown.amount)
    return datasets.chart(layers).add_params(step).properties(height=LINE * len({row.service for row in run}))


def rank_name(rank: float) -> str:
    """Return the name of a percentile, such as p99."""
    return f"p{rank * 100:.0f}"


def predicted(row: Row) -> dict[str, float]:
    """Return the predicted latency in milliseconds: of a closed load the mean, of an open load percentiles."""
    if isinstance(row.load, Open):
        known = {f"predicted {rank_name(rank)}": row.foretold(rank) for rank in (0.5, 0.99)}
        return {what: ms for what, ms in known.items() if ms and ms < inf}
    if row.predicted is None or row.predicted.bound in STANDSTILL or not row.predicted.response:
        return {}
    return {"predicted mean": row.predicted.response * 1000}


def _known(row: Row) -> dict[float, float]:
    """Return the percentiles that can be drawn, by rank."""
    return {rank: ms for rank in RANKS if (ms := row.percentile(rank)) is not None and 0 < ms < inf}


def _times(row: Row) -> list[float]:
    """Return all times that are drawn of a row, in milliseconds."""
    known = [*_known(row).values()]
    return [*known, max(row.latency), *predicted(row).values()] if known else []


def _ends(run: list[Row], load: Load) -> tuple[float, float]:
    """Return the ends of the logarithmic axis for one load, on which times that are almost equal look equal.

    An inconclusive row does not stretch it: its times beyond the ends are told, but not drawn.
    """
    rows = [row for row in run if row.load == load]
    held = [row for row in rows if row.holds and _times(row)]
    times = [ms for row in held or rows for ms in _times(row)] or [1.0]
    low, high = min(times), max(times)
    middle, half = sqrt(low * high), max(LEAST_RATIO, high / low) ** (0.5 + MARGIN)
    return round(middle / half, 4), round(middle * half, 4)


def _line(row: Row, axis: tuple[float, float]) -> dict[str, Any]:
    """Return the range of a row's latencies, and its figures with the place where they have room above it."""
    about = {"service": row.service, "amount": row.load.amount}
    known = [*_known(row).values()]
    if not known:
        return {**about, "says": NOTHING}
    low, high, slowest = (min(max(ms, axis[0]), axis[1]) for ms in (known[0], known[-1], max(row.latency)))
    place = log(sqrt(low * slowest) / axis[0]) / log(axis[1] / axis[0])
    align, at = ("left", low) if place < 1 / 3 else ("right", slowest) if place > 2 / 3 else ("center", None)
    return {
        **about,
        **{"low": low, "high": high, "slowest": slowest, "align": align, "holds": row.holds},
        "says": _figures(row) + (f" {BEYOND}" if known[-1] > axis[1] else ""),
        "at": at or round(sqrt(low * slowest), 3),
    }


def _figures(row: Row) -> str:
    """Return the median and the highest percentile that has enough samples, even if that one is among lost arrivals."""
    found = [(rank, ms) for rank in RANKS if (ms := row.percentile(rank)) is not None]
    told = dict([found[0], found[-1]])
    figures = ", ".join(
        f"{rank_name(rank)} {beyond(row.load) if ms == inf and isinstance(row.load, Open) else duration(ms)}"
        for rank, ms in told.items()
    )
    return bracketed(figures, holds=row.holds)


def _dots(row: Row, axis: tuple[float, float]) -> list[dict[str, Any]]:
    about = {"service": row.service, "amount": row.load.amount, "holds": row.holds}
    return [
        {**about, "rank": rank_name(rank), "ms": ms, "size": SIZES[RANKS.index(rank)]}
        for rank, ms in reversed(_known(row).items())  # the largest mark below the others
        if axis[0] <= ms <= axis[1]
    ]


def _expected(row: Row, axis: tuple[float, float]) -> list[dict[str, Any]]:
    about = {"service": row.service, "amount": row.load.amount}
    drawn = {what: ms for what, ms in predicted(row).items() if _known(row) and axis[0] <= ms <= axis[1]}
    return [{**about, "rank": what, "ms": round(ms, 3)} for what, ms in drawn.items()]


def _empty(run: list[Row]) -> list[dict[str, Any]]:
    """Return what stands in the lines of services that were not measured, or diverge, at a load."""
    drawn = {(row.service, row.load.amount) for row in run}
    return [
        {"service": name, "amount": amount, "says": NOTHING}
        for name in dict.fromkeys(row.service for row in run)
        for amount in sorted({row.load.amount for row in run})
        if (name, amount) not in drawn
    ]


def _names(run: list[Row]) -> alt.Y:
    """Return the axis of services, with those in brackets whose step is inconclusive at the chosen load."""
    doubtful: dict[float, list[str]] = {}
    for row in run:
        doubtful.setdefault(row.load.amount, []).extend([] if row.holds else [row.service])
    name = f"(indexof({by_step(doubtful)}, datum.value) >= 0 ? '(' + datum.label + ')' : datum.label)"
    lines = f"split(replace({name}, ':', ':\\n'), '\\n')"  # the settings of a service have a line of their own
    y = alt.Y("service:N", scale=alt.Scale(domain=[*dict.fromkeys(row.service for row in run)]), title=None)
    return y.axis(domain=False, labelExpr=lines, labelLimit=LONGEST_NAME, ticks=False)
