"""The first picture of an open load: latency by the rate of arrivals, predicted and measured."""

from collections.abc import Iterator
from itertools import groupby
from math import inf, isfinite, log, sqrt
from typing import Any, Literal, NamedTuple, Self

import altair as alt

from loadtest.english import duration, listed
from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.backlog import diverges, slopes
from loadtest.verdict.format import bracketed, not_run
from loadtest.workload.open import Open

from . import labels
from .arrivals import diverge, not_served, unserved
from .latency import cell
from .picture import WIDTHS, Datasets, Figure, Picture, Table
from .theme import HEIGHT, INK, MUTED, PAPER, SHADE, colour_of, hollow, services, unsure
from .throughput import NOTHING_HOLDS, predicted, ticks

RANKS = {"p50": 0.5, "p99": 0.99}
"""The percentiles that are drawn."""

SHAPES = {"p50": "circle", "p99": "diamond"}

SIZES = {"p50": 45, "p99": 190}
"""Areas of the marks in square pixels: where both percentiles are alike, both marks are seen."""

WIDE, NARROW = (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)
"""First digits of the milliseconds on the axis of latency: of a wide one, and of one of little more than a power of
ten."""

BELOW = 1.5
"""Factor by which a logarithmic axis of latency goes below the figures, for a label."""

HEAD = 12
"""Pixels above the highest latency."""

WIDE_RATES, WIDE_LATENCIES = 5, 4
"""Times that the highest figure is the lowest, above which an axis is logarithmic."""

LEFT, RIGHT = 0.08, 0.25
"""Shares of their range by which the axis of rates exceeds them; lines are named within the right one."""

TOP, LINE = 12, 16
"""Distance in pixels of the first words in place of a figure from the top of the chart, and of the next ones."""

AROUND = 12
"""Pixels by which these words stand out over their rate."""

NEAR, FAR = 0.16, 0.82
"""Shares of the axis: a shade that begins nearer than NEAR to the end of a line, and before FAR, has the line's name
inside, so that the edge does not cross it."""


def picture(results: Results, table: list[Row]) -> Picture:
    """Return the picture of latency by the rate of arrivals, with a chart for each service."""
    run = [row for row in table if row.windows]
    shown = [each for each in results.contenders if any(row.service == each.name for row in run)]
    abreast = {1: 1, 2: 2, 4: 2}.get(len(shown), 3)
    return Picture(
        name="rates",
        title=title(run),
        caption="Latency counts from the intended start: 99% of the arrivals (p99, which needs 500) and half of them "
        f"(p50) took at most as long. Dashed: {predicted(results)}, by replaying the very same arrivals. Shaded: "
        "more than the service can carry, by the model; it diverges (ever more requests wait, and no latency describes "
        f"it), or refuses the rest.{unsure(run)}",
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
    """Return the chart of one service. All have the same axes, which `run` determines."""
    own = [row for row in run if row.service == contender.name]
    rates = sorted({row.load.amount for row in run})
    plot = Plot.of(run)
    kind, low, high = sides(rates)
    middle = sqrt(low * high) if kind == "log" else (low + high) / 2
    marked = list(_marks(own))
    limits = [{**each, "right": each["rate"] >= middle} for each in _capacity(own, contender, low, high)]

    x = alt.X("rate:Q", title=f"{Open.unit}{' (log scale)' * (kind == 'log')}")
    x = x.axis(format="~r", grid=False, values=rates).scale(domain=[low, high], nice=False, type=kind)
    y = plot.y()
    colours = dict(zip(RANKS, (INK, colour_of(services([results]), contender.name)), strict=True))
    inks = alt.Scale(domain=[*colours], range=[*colours.values()])
    ink = alt.Color("rank:N", scale=inks, legend=None)

    datasets = Datasets()
    known = alt.Chart(datasets.add([each for row in own for each in _foretold(row)])).encode(x=x, y=y, color=ink)
    drawn = alt.Chart(datasets.add(marked)).encode(x=x, y=y, color=ink)
    limit = alt.Chart(datasets.add(limits)).encode(x=x)
    joined = drawn.transform_filter("datum.holds").mark_line(strokeWidth=6)
    shape = alt.Shape("rank:N", scale=alt.Scale(domain=[*SHAPES], range=[*SHAPES.values()]), legend=None)
    right = max((each["rate"] for each in marked), default=1.0)
    for each in limits:
        edge, end = (_across(rate, kind, low, high) for rate in (each["rate"], right))
        right = each["rate"] if end < edge < min(end + NEAR, FAR) else right
    ends = labels.layers(list(_ends(marked, colours, plot)), plot.frame(right))
    layers = [
        limit.mark_rect(color=SHADE, opacity=1).encode(x2=alt.X2("until:Q")),
        limit.mark_rule(color=MUTED, strokeWidth=1),
        *_beside(limit, "carries", HEIGHT - 9, MUTED),
        joined.encode(detail=["rank:N", "stretch:N"]),
        known.mark_line(strokeWidth=3).encode(color=alt.value(PAPER), detail="rank:N"),
        known.mark_line(strokeDash=[5, 4], strokeWidth=1.5),
        known.mark_point(shape="stroke", size=420, strokeWidth=1.5, opacity=1),
        *(
            drawn.transform_filter(f"datum.rank == '{rank}'")
            .mark_point(strokeWidth=2, opacity=1)
            .encode(
                shape=shape,
                fill=hollow(alt.Fill("rank:N", scale=inks, legend=None)),
                size=alt.Size("size:Q", scale=None, legend=None),
                tooltip=_tooltip(),
            )
            for rank in ("p99", "p50")
        ),
        *(
            layer
            for row, alike in enumerate(_tops(own))
            for layer in _top(datasets, alike, x, TOP + LINE * row, middle)
        ),
        *ends,
    ]
    return datasets.chart(layers).properties(height=HEIGHT)


def sides(rates: list[float]) -> tuple[Literal["log", "linear"], float, float]:
    """Return the kind and the ends of the axis of rates, which is the same for all services."""
    low, high = rates[0], rates[-1]
    if high > WIDE_RATES * low:
        return "log", low / (high / low) ** LEFT, high * (high / low) ** RIGHT
    span = high - low or high
    return "linear", low - span * LEFT, high + span * RIGHT


def _across(rate: float, kind: str, low: float, high: float) -> float:
    """Return where on the axis a rate is, from 0 to 1."""
    return log(rate / low) / log(high / low) if kind == "log" else (rate - low) / (high - low)


class Plot(NamedTuple):
    """The scale of latency, for figures from `low` to `high` milliseconds; linear from 0 where these are close.

    `head`: height in pixels of the part above, where words stand in place of a figure.
    """

    low: float
    high: float
    head: int

    @classmethod
    def of(cls, run: list[Row]) -> Self:
        """Return the scale for all charts."""
        by_service = [[row for row in run if row.service == name] for name in dict.fromkeys(row.service for row in run)]
        found = [
            mark["ms"] for rows in by_service for mark in (*_marks(rows), *(f for r in rows for f in _foretold(r)))
        ]
        known = [ms for ms in found if ms] or [1.0, 10_000.0]
        return cls(min(known), max(known), HEAD + LINE * max(len(_tops(rows)) for rows in by_service))

    @property
    def wide(self) -> bool:
        """True if the axis is logarithmic."""
        return self.high > WIDE_LATENCIES * self.low

    def ms(self, pixel: float) -> float:
        """Return the latency at a distance from the top."""
        share = (HEIGHT - pixel) / (HEIGHT - self.head)
        floor = self.low / BELOW
        return floor * (self.high / floor) ** share if self.wide else self.high * share

    def pixel(self, ms: float) -> float:
        """Return the distance of a latency from the top."""
        floor = self.low / BELOW
        share = log(ms / floor) / log(self.high / floor) if self.wide else ms / self.high
        return HEIGHT - share * (HEIGHT - self.head)

    def y(self) -> alt.Y:
        """Return the axis."""
        named = "datum.value < 1000 ? datum.value + ' ms' : datum.value / 1000 + ' s'"
        values = [ms for ms in _ticks(self.low, self.high) if ms <= self.high] if self.wide else ticks(self.high)
        y = alt.Y("ms:Q", title=f"latency{' (log scale)' * self.wide}").axis(labelExpr=named, values=values)
        return y.scale(domain=[self.ms(HEIGHT), self.ms(0)], nice=False, type="log" if self.wide else "linear")

    def frame(self, right: float) -> labels.Frame:
        """Return where lines are named: beside the rate `right`, below the words in place of a figure."""
        return labels.Frame(self.head, HEIGHT - LINE, self.ms, right)


def _ends(marked: list[dict[str, Any]], colours: dict[str, str], plot: Plot) -> Iterator[labels.End]:
    """Yield the ends of the lines of both percentiles."""
    for name, ink in colours.items():
        if own := [each for each in marked if each["rank"] == name]:
            last = own[-1]
            yield labels.End(name, ink, last["rate"], last["ms"], plot.pixel(last["ms"]), last["holds"])


def _tops(own: list[Row]) -> list[list[dict[str, Any]]]:
    """Return the rows without a figure, in groups that say the same and need only one label."""
    ends = [_end(row) for row in own if _has_end(row)]
    return [list(alike) for _, alike in groupby(ends, lambda end: (end["says"], end["holds"]))]


def _top(datasets: Datasets, alike: list[dict[str, Any]], x: alt.X, y: int, middle: float) -> Iterator[alt.Chart]:
    """Yield the layers of rows that say the same, as words at the top: a mark would look like a latency.

    The words begin at the first of their rates or, in the right half of the chart, end at the last one. Each group has
    a line of its own.
    """
    right = alike[0]["rate"] >= middle
    label = bracketed(alike[0]["says"], holds=alike[0]["holds"])
    labelled = alt.Chart(datasets.add([{**alike[-1 if right else 0], "label": label, "right": right}]))
    for text in _beside(labelled.encode(x=x), "label", y, INK, -AROUND):
        yield text.encode(tooltip=_tooltip("says:N"))


def _beside(drawn: alt.Chart, field: str, y: int, ink: str, away: int = 9) -> Iterator[alt.Chart]:
    """Yield labels `away` from marks, on the side that has room."""
    sides: tuple[tuple[str, Literal["left", "right"], int], ...]
    sides = (("!datum.right", "left", away), ("datum.right", "right", -away))
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


def _marks(own: list[Row]) -> Iterator[dict[str, Any]]:
    """Yield the measured percentiles of a service that have a figure, with the number of their line.

    A step that is inconclusive, or without a figure, interrupts the line.
    """
    for name, rank in RANKS.items():
        stretch = 0
        for row in own:
            ms, foretold = row.percentile(rank), row.foretold(rank)
            if ms is None or not isfinite(ms) or diverges(row):
                stretch += 1
                continue
            stretch += not row.holds
            figures = {"measured": duration(ms), "predicted": cell(row, foretold), "ratio": _ratio(ms, foretold)}
            about = {"rank": name, "stretch": stretch, "size": SIZES[name]}
            yield {**_about(row), **about, "ms": ms, **figures, "sent": cell(row, row.served_in(rank))}


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
    """Return what is said at the top of the chart where latency has no figure."""
    return {**_about(row), "says": "diverges" if diverges(row) else not_served(row)}


def _capacity(own: list[Row], contender: Contender, low: float, high: float) -> Iterator[dict[str, Any]]:
    """Yield the rates above what the service can carry by the model, as far as they lie between `low` and `high`."""
    knee = own[0].load.most(contender.demand) if contender.demand else inf
    if knee < high:
        yield {"rate": max(low, knee), "until": high, "carries": f"at most {knee:.3g}/s"}


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
