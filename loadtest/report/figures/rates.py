"""The first picture of an open load: latency by the rate of arrivals, predicted and measured."""

from collections.abc import Iterator
from itertools import groupby
from math import inf, isfinite, sqrt
from typing import Any, Literal

import altair as alt

from loadtest.english import duration, listed
from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.backlog import diverges, slopes
from loadtest.verdict.format import CALIBRATED, not_run
from loadtest.workload.open import Open

from .arrivals import diverge, not_served, unserved
from .latency import cell
from .picture import Datasets, Figure, Picture, Table
from .theme import HEIGHT, INK, MUTED, PAPER, SHADE, colour_of, legend, services
from .throughput import NOTHING_HOLDS

RANKS = {"p50": 0.5, "p99": 0.99}
"""The percentiles that are drawn."""

SHAPES = {"p50": "circle", "p99": "diamond"}

SIZES = {"p50": 45, "p99": 190}
"""Areas of the marks in square pixels: where both percentiles are alike, both marks are seen."""

WIDE, NARROW = (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)
"""First digits of the milliseconds on the axis of latency: of a wide one, and of one of little more than a power of
ten."""

ABOVE, BELOW = 2.2, 1.5
"""Factors by which the axis of latency exceeds the figures: the room for marks that have none, and for labels."""

AROUND = 1.3
"""Factor by which the axis of rates exceeds them at both ends."""

TOP, LINE = 12, 16
"""Distance in pixels of the first mark without a figure from the top of the chart, and of the next one from it."""

WIDTHS = {1: 720, 2: 540, 3: 350}
"""Width in pixels of a chart without scripts, by the number of charts side by side."""


def picture(results: Results, table: list[Row]) -> Picture:
    """Return the picture of latency by the rate of arrivals, with a chart for each service."""
    run = [row for row in table if row.windows]
    shown = [each for each in results.contenders if any(row.service == each.name for row in run)]
    abreast = {1: 1, 2: 2, 4: 2}.get(len(shown), 3)
    return Picture(
        name="rates",
        title=title(run),
        caption="Latency counts from the intended start. Diamond: 99% of the arrivals took at most as long (p99, which "
        "needs 500 arrivals). Circle: half of them did (p50). Hollow: inconclusive; the reasons are at the end. "
        "Dashes: predicted, by replaying the very same arrivals through the queues of the model. Shaded: more arrive "
        "than the service can carry, by the model. There it diverges (its queue grows without end, and no latency "
        "describes it), or refuses the rest." + (f" {CALIBRATED}" if any(each.calibration for each in shown) else ""),
        figures=[
            Figure(
                chart(results, run, each),
                f"Latency of {each.name} by the rate of arrivals, predicted and measured.",
                heading="" if len(shown) == 1 else each.name,
                width=WIDTHS[abreast],
            )
            for each in shown
        ],
        table=_table(table),
        abreast=abreast,
    )


def title(run: list[Row]) -> str:
    """Return within what time almost all are served, and which services diverge, from conclusive rows only."""
    held = [row for row in run if row.holds]
    told = [*_within(held), *_diverging(held)]
    return "; ".join(told) or NOTHING_HOLDS


def _within(held: list[Row]) -> Iterator[str]:
    """Yield the latency at the highest rate at which the most services have one: p99, or else p50."""
    for share, rank in (("99%", 0.99), ("half", 0.5)):
        known = [(row, ms) for row in held if not diverges(row) and (ms := row.percentile(rank)) is not None]
        if not known:
            continue
        loads = [row.load for row, _ in known]
        load = max(loads, key=lambda load: (loads.count(load), load.amount))
        there = sorted(((row, ms) for row, ms in known if row.load == load), key=lambda each: -each[1])
        served = [(duration(ms), row.service) for row, ms in there if isfinite(ms)]
        times = [f"{took} on {listed([name for _, name in of])}" for took, of in groupby(served, lambda each: each[0])]
        others = [unserved(row) for row, ms in there if ms == inf]
        within = [f"{share} are answered within {', '.join(times)}"] if times else []
        yield f"At {load.label} {'; '.join([*within, *others])}"
        return


def _diverging(held: list[Row]) -> Iterator[str]:
    """Yield which services diverge, and from which of the measured rates on."""
    first: dict[str, Row] = {}
    for row in held:
        if diverges(row):
            first.setdefault(row.service, row)
    for amount in sorted({row.load.amount for row in first.values()}):
        names = [name for name, row in first.items() if row.load.amount == amount]
        yield f"{diverge(names)} from {amount}/s on"


def chart(results: Results, run: list[Row], contender: Contender) -> alt.LayerChart:
    """Return the chart of one service. All services have the same axes."""
    own = [row for row in run if row.service == contender.name]
    rates = sorted({row.load.amount for row in run})
    marked = [mark for row in own for mark in _marks(row)]
    foretold = [mark for row in own for mark in _foretold(row)]
    middle = sqrt(rates[0] * rates[-1])
    ends = [{**_end(row), "right": row.load.amount >= middle} for row in own if _has_end(row)]
    limits = [{**each, "right": each["rate"] >= middle} for each in _capacity(own, contender, rates)]

    low, high = _range(run)
    x = alt.X("rate:Q", title="arrivals/s (log scale)").axis(format="~r", grid=False, values=rates)
    x = x.scale(domain=[rates[0] / AROUND, rates[-1] * AROUND], nice=False, type="log")
    labels = "datum.value < 1000 ? datum.value + ' ms' : datum.value / 1000 + ' s'"
    y = alt.Y("ms:Q", title="latency (log scale)").axis(labelExpr=labels, values=_ticks(low, high))
    y = y.scale(domain=[low / BELOW, high * (ABOVE if any(map(_has_end, run)) else BELOW)], nice=False, type="log")
    inks = alt.Scale(domain=[*RANKS], range=[INK, colour_of(services([results]), contender.name)])
    ink = alt.Color("rank:N", scale=inks, legend=legend())

    datasets = Datasets()
    known = alt.Chart(datasets.add(foretold)).encode(x=x, y=y, color=ink)
    drawn = alt.Chart(datasets.add(marked)).encode(x=x, y=y, color=ink)
    limit = alt.Chart(datasets.add(limits)).encode(x=x)
    fill = alt.condition("datum.holds", alt.Fill("rank:N", scale=inks, legend=legend()), alt.value(PAPER))
    shape = alt.Shape("rank:N", scale=alt.Scale(domain=[*SHAPES], range=[*SHAPES.values()]), legend=legend())
    size = alt.Size("size:Q", scale=None, legend=None)
    layers = [
        limit.mark_rect(color=SHADE, opacity=1).encode(x2=alt.X2("until:Q")),
        limit.mark_rule(color=MUTED, strokeWidth=1),
        *_beside(limit, "carries", HEIGHT - 9, MUTED),
        known.mark_line(strokeDash=[5, 4], strokeWidth=1.5),
        known.mark_point(shape="stroke", size=420, strokeWidth=1.5, opacity=1),
        *(
            drawn.transform_filter(f"datum.rank == '{rank}'")
            .mark_point(strokeWidth=2, opacity=1)
            .encode(shape=shape, fill=fill, size=size, tooltip=_tooltip())
            for rank in ("p99", "p50")
        ),
        *(layer for number, end in enumerate(ends) for layer in _top(datasets.add([end]), x, TOP + LINE * number)),
    ]
    return datasets.chart(layers).properties(height=HEIGHT)


def _top(end: alt.NamedData, x: alt.X, y: int) -> Iterator[alt.Chart]:
    """Yield the layers of a mark without a figure; in one line the labels of close rates would overlap."""
    drawn = alt.Chart(end).encode(x=x, y=alt.value(y))
    fill = alt.condition("datum.holds", alt.value(INK), alt.value(PAPER))
    arrow = drawn.mark_point(shape="triangle-up", size=90, color=INK, opacity=1, strokeWidth=1.5)
    yield arrow.encode(fill=fill, tooltip=_tooltip("says:N"))
    yield from _beside(drawn, "says", y, INK)


def _beside(drawn: alt.Chart, field: str, y: int, ink: str) -> Iterator[alt.Chart]:
    """Yield labels beside marks, on the side that has room."""
    sides: tuple[tuple[str, Literal["left", "right"], int], ...]
    sides = (("!datum.right", "left", 9), ("datum.right", "right", -9))
    for side, align, dx in sides:
        text = drawn.transform_filter(side).mark_text(align=align, dx=dx, color=ink)
        yield text.encode(y=alt.value(y), text=f"{field}:N")


def _tooltip(*of: str) -> list[alt.Tooltip]:
    figures = [*of] if of else ["rank:N", "measured:N", "predicted:N", "ratio:N", "sent:N"]
    heads = {"sent:N": "from the actual send", "says:N": "latency", "rank:N": "percentile"}
    told = [alt.Tooltip(field, title=heads.get(field, field.partition(":")[0])) for field in figures]
    last = [alt.Tooltip("bound:N", title="bound by"), alt.Tooltip("doubts:N", title="inconclusive")]
    return [alt.Tooltip("rate:Q", title=Open.unit), *told, *last]


def _about(row: Row) -> dict[str, Any]:
    doubts = "; ".join(row.doubts) or "no"
    return {"rate": row.load.amount, "bound": row.bound, "holds": row.holds, "doubts": doubts}


def _marks(row: Row) -> Iterator[dict[str, Any]]:
    """Yield the measured percentiles of a row that have a figure."""
    for name, rank in RANKS.items():
        ms, foretold = row.percentile(rank), row.foretold(rank)
        if ms is not None and isfinite(ms) and not diverges(row):
            figures = {"measured": duration(ms), "predicted": cell(row, foretold), "ratio": _ratio(ms, foretold)}
            sent = {"sent": cell(row, row.served_in(rank))}
            yield {**_about(row), "rank": name, "ms": ms, "size": SIZES[name], **figures, **sent}


def _foretold(row: Row) -> Iterator[dict[str, Any]]:
    """Yield the predicted percentiles of a row that have a figure."""
    for name, rank in RANKS.items():
        ms = row.foretold(rank)
        if ms is not None and isfinite(ms) and not diverges(row):
            yield {"rate": row.load.amount, "rank": name, "ms": ms}


def _has_end(row: Row) -> bool:
    """Return True if the lines of a service end here: it diverges, or a percentile is among what was not served."""
    return diverges(row) or any(row.percentile(rank) == inf for rank in RANKS.values())


def _end(row: Row) -> dict[str, Any]:
    """Return the mark at the top of the chart where latency has no figure."""
    return {**_about(row), "says": "diverges" if diverges(row) else not_served(row)}


def _capacity(own: list[Row], contender: Contender, rates: list[float]) -> Iterator[dict[str, Any]]:
    """Yield the rates above what the service can carry by the model, as far as they lie within the chart."""
    knee = own[0].load.most(contender.demand) if contender.demand else inf
    low, high = rates[0] / AROUND, rates[-1] * AROUND
    if knee < high:
        yield {"rate": max(low, knee), "until": high, "carries": f"at most {knee:.3g}/s"}


def _range(run: list[Row]) -> tuple[float, float]:
    """Return the smallest and the largest figure of all charts in milliseconds; without figures, 1 and 10,000."""
    found = [mark["ms"] for row in run for mark in (*_marks(row), *_foretold(row)) if mark["ms"]]
    return (min(found), max(found)) if found else (1.0, 10_000.0)


def _ticks(low: float, high: float) -> list[float]:
    """Return the milliseconds on the axis of latency, for figures from `low` to `high`."""
    return [base * 10.0**power for power in range(-3, 5) for base in (WIDE if high > 10 * low else NARROW)]


def _ratio(ms: float | None, foretold: float | None) -> str:
    if not ms or not foretold or not isfinite(ms) or not isfinite(foretold):
        return ""
    return f"{ms / foretold:.2f}"


def _table(table: list[Row]) -> Table:
    rows = []
    for row in table:
        step = [row.service, str(row.load.amount)]
        if not row.windows:
            rows.append([*step, *[""] * 9, f"not run: {not_run(row.load)}"])
            continue
        cells = [told for rank in RANKS.values() for told in _compared(row, rank)]
        flights = ["" if diverges(row) else _flight(each) for each in (row.in_flight_foretold, row.in_flight)]
        bound = "inconclusive" if row.doubts else row.bound
        grows = f"; diverges: {slopes(row)}" if diverges(row) else ""
        rows.append([*step, *cells, cell(row, row.served_in(RANKS["p99"])), *flights, bound + grows])
    heads = [head for name in RANKS for head in (f"{name} predicted", name, f"{name} measured / predicted")]
    flights = ["in flight predicted", "in flight"]
    return Table(["service", Open.unit, *heads, "p99 service time", *flights, "bound by"], rows)


def _compared(row: Row, rank: float) -> list[str]:
    """Return a percentile for the table: predicted, measured, and their ratio."""
    ms, foretold = row.percentile(rank), row.foretold(rank)
    ratio = "" if diverges(row) else _ratio(ms, foretold)
    return [cell(row, foretold) if row.forecasts else "unknown", cell(row, ms), ratio]


def _flight(flight: float | None) -> str:
    return "unknown" if flight is None else f"{flight:.1f}"
