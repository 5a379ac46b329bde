"""The picture of goodput: the shares of the requests that were answered within the deadline, later, or not at all."""

from typing import Any, NamedTuple

import altair as alt

from loadtest.english import listed
from loadtest.results.histogram import merged
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.format import bracketed, limit, per_second
from loadtest.workload import Load
from loadtest.workload.demand import STANDSTILL
from loadtest.workload.open import Open

from .picture import Datasets, Figure, Picture, Table
from .theme import BAR, INK, broken, colour_of, height, hollow, services, steps, unsure

FATES = ("within the deadline", "later", "not served")
"""Fates of a request, in the order of the bars."""

SOLID = (1.0, 0.35, 0.0)
"""The opacity of each part of a bar."""


class Fates(NamedTuple):
    """The number of a step's requests (of an open load: arrivals) by what became of them."""

    good: int
    late: int
    lost: int


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """Return the picture of goodput, whose title is for the load `shown`; None without a deadline."""
    run = [row for row in table if row.goodput is not None and sum(fates(row)) > 0]
    if not results.options.deadlines or not run:
        return None
    deadline, requests = results.options.deadlines[0], _requests(shown)
    return Picture(
        name="goodput",
        title=title(deadline, [row for row in run if row.load == shown], shown),
        caption=f"Share of the {requests} at each step (service, {shown.unit}). Full colour, and the figure: answered "
        f"within {limit(deadline)} (goodput). Pale: answered later. Empty: refused, failed or given up."
        + (" Tick: predicted." if any(row.forecasts for row in run) else "")
        + unsure(run),
        figures=[Figure(chart(results, run), f"Share of the {requests} answered in time, as stacked bars.")],
        table=_table(deadline, run),
    )


def _requests(load: Load) -> str:
    """Return the plural noun for what is counted."""
    return "arrivals" if isinstance(load, Open) else "requests"


def fates(row: Row) -> Fates:
    """Return what became of the requests of a row that has a goodput."""
    good = sum(each.good[0] for each in row.windows)
    total, lost = row.requests, row.failures
    if row.arrived:
        total, lost = sum(each.offered for each in row.arrived), row.lost
    return Fates(good, total - lost - good, lost)


def foretold(row: Row, deadline: float) -> Fates | None:
    """Return the prediction for the arrivals of a row, or None without one."""
    if not row.forecasts:
        return None
    served = merged([each.latency for each in row.forecasts])
    good = sum(number for ms, number in served.items() if ms < deadline * 1000)
    return Fates(good, sum(served.values()) - good, sum(each.lost for each in row.forecasts))


def title(deadline: float, rows: list[Row], load: Load) -> str:
    """Return the goodput of each service at a load, from conclusive rows only, the highest first."""
    goods = [(row.goodput, row.service) for row in rows if row.holds and row.bound not in STANDSTILL]
    known = sorted(((good, name) for good, name in goods if good is not None), key=lambda each: -each[0])
    if not known:
        return f"At {load.label} no conclusive step has a goodput"
    names: dict[str, list[str]] = {}
    for good, name in known:
        names.setdefault(f"{per_second(good)}/s", []).append(name)
    told = ", ".join(f"{rate} on {listed(those)}" for rate, those in names.items())
    return f"Answered within {limit(deadline)} at {load.label}: {told}"


def chart(results: Results, run: list[Row]) -> alt.LayerChart:
    """Return a bar for each step: the shares of its requests, with its goodput beside it."""
    names = services([results])
    bars: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    for row in run:
        name, counts, begin = _step(row), fates(row), 0.0
        total = sum(counts)
        for fate, number in zip(FATES, counts, strict=True):
            about = {"name": name, "service": row.service, "fate": fate, "requests": number, "holds": row.holds}
            if number:
                bars.append({**about, "begin": begin / total, "end": (begin + number) / total})
            begin += number
        known = foretold(row, results.options.deadlines[0])
        predicted = known.good / sum(known) if known and sum(known) > 0 else None
        label = bracketed(f"{per_second(row.goodput or 0.0)}/s", holds=row.holds)
        ends.append({"name": name, "label": label, "end": 1, "predicted": predicted})
    datasets = Datasets()
    order = [str(end["name"]) for end in ends]
    y = steps(order)
    x = alt.X("begin:Q", title=f"share of {_requests(run[0].load)}").scale(domain=[0, 1], nice=False)
    x = x.axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    opacities = alt.Scale(domain=[*FATES], range=[*SOLID], type="ordinal")
    solid = alt.FillOpacity("fate:O", scale=opacities, legend=None)
    stacked = alt.Chart(datasets.add(bars)).mark_bar(height=alt.RelativeBandSize(band=0.7), strokeWidth=1)
    scale = alt.Scale(domain=names, range=[colour_of(names, name) for name in names])
    last = alt.Chart(datasets.add(ends)).encode(y=y)
    ticks = last.transform_filter("isValid(datum.predicted)")
    layers = [
        stacked.encode(
            x=x,
            x2=alt.X2("end:Q"),
            y=y,
            fill=hollow(alt.Fill("service:N", scale=scale, legend=None)),
            stroke=alt.Stroke("service:N", scale=scale, legend=None),
            fillOpacity=solid,
            strokeDash=broken(),
            tooltip=[alt.Tooltip("name:N", title=f"service, {run[0].load.unit}"), "fate:N", "requests:Q"],
        ),
        ticks.mark_tick(color=INK, opacity=1, thickness=2.5, size=BAR).encode(x="predicted:Q"),
        last.mark_text(align="left", dx=6).encode(x="end:Q", text="label:N"),
    ]
    return datasets.chart(layers).properties(height=height(order))


def _step(row: Row) -> str:
    return bracketed(f"{row.service}, {row.load.amount}", holds=row.holds)


def _table(deadline: float, run: list[Row]) -> Table:
    rows = []
    for row in run:
        good, counts, known = row.goodput or 0.0, fates(row), foretold(row, deadline)
        expected = None if known is None else known.good / sum(each.seconds for each in row.arrived)
        predicted = "unknown" if expected is None else f"{expected:.1f}"
        ratio = f"{good / expected:.2f}" if expected else ""
        rates = [predicted, f"{good:.1f}", ratio, f"{row.throughput:.1f}"]
        shares = [f"{number / sum(counts):.1%}" for number in counts]
        rows.append([row.service, str(row.load.amount), *rates, *shares, "yes" if row.holds else "no"])
    rates = ["predicted, requests/s", "goodput, requests/s", "measured / predicted", "throughput, requests/s"]
    return Table(["service", run[0].load.unit, *rates, *FATES, "conclusive"], rows)
