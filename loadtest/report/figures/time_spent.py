"""The fourth picture: the mean time of a request, divided into the kinds of time."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import altair as alt

from loadtest.english import duration, listed_or_counted
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.format import bracketed
from loadtest.verdict.time_spent import Divider, Parts, Times, names, taken
from loadtest.workload import Load
from loadtest.workload.demand import STANDSTILL
from loadtest.workload.open import Open
from loadtest.workload.scenarios import computes

from .arrivals import diverging, left_out, steady, unserved
from .kinds import COLOURS, KINDS, WORKING, key
from .picture import Figure, Picture, Table, data
from .theme import broken, height, hollow, unsure
from .theme import steps as axis

ALMOST_ALL = 0.99
"""Share of the arrivals that are served at least if a mean is of answers."""

SEEN = 0.005
"""The least part of a bar, as a share of the longest one, that is drawn: about a pixel on a phone."""

REFUSED = " Refusals count as requests."
"""A note for the means of services that refused some."""


class Spent(NamedTuple):
    """The mean time of the requests of a step, in parts."""

    row: Row
    parts: Parts
    timed: int
    """The number of requests in the mean: those whose times the service reported."""


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """Return the picture of the parts of the mean time, per service and step; None if no service reported times."""
    dividers = {each.name: Divider(each, results.options) for each in results.contenders}
    steps = [found for row in steady(table) if (found := spent(row, dividers[row.service]))]
    if not steps:
        return None
    scenario = results.options.scenario
    works = computes(scenario)
    return Picture(
        name="whereabouts",
        title=title(
            shown, taken(scenario), [step for step in steps if step.row.load == shown], diverging(table, shown)
        ),
        caption=f"Mean response time at each step (service, {shown.unit}), as the {_client(shown)} measured it and the "
        f"service reported its parts.{f' {WORKING}' if works else ''}"
        f"{REFUSED if any(step.row.lost for step in steps) else ''}{unsure(step.row for step in steps)}"
        f"{left_out(table)}",
        figures=[Figure(chart(steps, names(scenario)), "Mean time of a request, as stacked bars of its parts.")],
        table=_table(steps, names(scenario)),
        key=key(scenario, (kind for step in steps for kind in _seen(step, _longest(steps)))),
    )


def _longest(steps: Sequence[Spent]) -> float:
    return max(step.parts.total for step in steps)


def _seen(step: Spent, longest: float) -> list[str]:
    """Return the kinds that are long enough to be seen in the bar of a step."""
    return [kind for kind in KINDS if getattr(step.parts, kind) > SEEN * longest]


def _client(load: Load) -> str:
    """Return who measured the time, and from when on if that is not plain."""
    return "client from the actual send on" if isinstance(load, Open) else "user"


def spent(row: Row, divider: Divider) -> Spent | None:
    """Return the mean time of a step in parts, over all repeats, or None if the service reported no times."""
    times = [each.service_times for each in row.windows if each.service_times.requests]
    if not times:
        return None
    count = sum(each.requests for each in times)
    mean = Times(
        response=sum(each.response_ms for each in times) / count / 1000,
        waited=sum(each.waited_ms for each in times) / count / 1000,
        served=sum(each.served_ms for each in times) / count / 1000,
        received=sum(each.received_ms for each in times) / count / 1000,
    )
    return Spent(row, divider.parts(mean), count)


def title(load: Load, what: str, steps: list[Spent], diverge: Sequence[str] = ()) -> str:
    """Return the largest and the smallest share of time spent waiting for `what` at a load, from conclusive steps.

    A mean over many refusals says little, so their share stands in its place. `diverge`: which services diverge.
    """
    held = [step for step in steps if step.row.holds and step.row.bound not in STANDSTILL and step.parts.total]
    refusing = [step.row for step in held if step.row.percentile(ALMOST_ALL) == inf]
    others = [*map(unserved, refusing), *diverge]
    told = _waiting(
        what, [step for step in held if step.row not in refusing], everywhere=not others and len(held) == len(steps)
    )
    return f"At {load.label} {'; '.join([told, *others])}"


def _waiting(what: str, held: list[Spent], *, everywhere: bool) -> str:
    """Return how the shares compare. `everywhere`: True if these are all services that are drawn."""
    if not held:
        return "no conclusive step shows where the time went"
    most, least = max(held, key=_queued), min(held, key=_queued)
    where = "every service" if everywhere else listed_or_counted([step.row.service for step in held], "service")
    if len(held) > 1 and f"{_queued(most):.0%}" == f"{_queued(least):.0%}":
        return f"a request waits for {what} for {_queued(most):.0%} of its time on {where}"
    of = f"a request waits for {what} for {_share(most)}"
    return of if most is least else f"{of}, {_share(least)}"


def chart(steps: list[Spent], labels: Mapping[str, str]) -> alt.LayerChart:
    """Return a stacked bar for each step of each service."""
    bars: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    longest = _longest(steps)
    for step in steps:
        holds, begin = step.row.holds, 0.0
        name = bracketed(f"{step.row.service}, {step.row.load.amount}", holds=holds)
        for kind, seconds in zip(KINDS, step.parts, strict=True):
            about = {"name": name, "kind": kind, "part": labels[kind], "took": duration(seconds * 1000)}
            if kind in _seen(step, longest):
                bars.append({**about, "holds": holds, "begin": round(begin, 5), "end": round(begin + seconds, 5)})
            begin += seconds
        totals.append({"name": name, "end": begin, "total": bracketed(duration(begin * 1000), holds=holds)})
    order = [str(total["name"]) for total in totals]
    y = axis(order)
    x = alt.X("begin:Q", title="mean time per request, s").axis(tickCount=5)
    x = x.scale(domain=[0, longest * 1.25 or 1], nice=False)
    heads = {"name:N": f"service, {steps[0].row.load.unit}", "part:N": "part", "took:N": "mean time"}
    tooltip = [alt.Tooltip(field, title=head) for field, head in heads.items()]
    stacked = [
        alt.Chart(data([bar for bar in bars if bar["kind"] == kind]))
        .mark_bar(height=alt.RelativeBandSize(band=0.7), stroke=COLOURS[kind], strokeWidth=1)
        .encode(
            x=x,
            x2=alt.X2("end:Q"),
            y=y,
            fill=hollow(alt.value(COLOURS[kind])),
            strokeDash=broken(),
            tooltip=tooltip,
        )
        for kind in KINDS
    ]
    labels = alt.Chart(data(totals)).mark_text(align="left", dx=4).encode(x="end:Q", y=y, text="total:N")
    return alt.LayerChart(layer=[*stacked, labels]).properties(height=height(order))


def _queued(step: Spent) -> float:
    return step.parts.queued


def _share(step: Spent) -> str:
    return f"{_queued(step):.0%} of its {duration(step.parts.total * 1000)} on {step.row.service}"


def _table(steps: list[Spent], labels: Mapping[str, str]) -> Table:
    rows = [
        [
            *(step.row.service, str(step.row.load.amount)),
            *(f"{seconds * 1000:.1f}" for seconds in (*step.parts, step.parts.total)),
            *(f"{step.timed} of {step.row.requests}", str(step.row.failures), "yes" if step.row.holds else "no"),
        ]
        for step in steps
    ]
    parts = [f"{part}, ms" for part in (*labels.values(), "total")]
    return Table(["service", steps[0].row.load.unit, *parts, "timed requests", "failed", "conclusive"], rows)
