"""The picture of a search for capacity: the share of arrivals that missed the objectives, against the rate."""

from typing import Any

import altair as alt

from loadtest.results.capacity import INCONCLUSIVE, Capacity, Probe
from loadtest.results.schema import Contender, Results
from loadtest.verdict.capacities import found, headline
from loadtest.verdict.format import NONE, per_second
from loadtest.verdict.objectives import objective
from loadtest.workload.margins import Model
from loadtest.workload.open import Open

from .picture import WIDTHS, Datasets, Figure, Picture, Table
from .theme import INK, MUTED, PAPER, SHADE

POINTS = 24
"""Rates at which the predicted share is computed."""

REPLAYED = 20_000
"""Arrivals of each replay of the predicted share."""

HEIGHT = 260

ABOVE = 12
"""Pixels by which the marks of inconclusive probes, which have no share, are above the plot."""

ENDS = ("low", "high")
"""The ends of an interval."""

OUTCOMES = {"passed": "circle", "failed": "square", "undecided": "diamond", "inconclusive": "triangle-up"}
"""The marks of a probe by its outcome; pale if undecided, hollow if inconclusive."""


BETWEEN = "Shaded: from the highest rate that passed to the lowest that failed. "

MARKS = {
    "passed": "circle",
    "failed": "square",
    "undecided": "pale diamond",
    INCONCLUSIVE: "hollow, above the plot",
}
"""The marks in words, by outcome."""


def picture(results: Results) -> Picture | None:
    """Return the picture, or None for a run that did not search."""
    if not any(each.probes for each in results.capacities):
        return None
    known = {each.name: each for each in results.contenders}
    shown = [each for each in results.capacities if each.probes]
    abreast = {1: 1, 2: 2, 4: 2}.get(len(shown), 3)
    return Picture(
        name="capacity",
        title=headline(results),
        caption=_caption(results.options.objectives, shown),
        figures=[
            Figure(
                chart(results, each, known[each.service]),
                f"Share of arrivals that missed the objective on {each.service}, by rate.",
                heading=f"{each.service}: {_found(each)}",
                width=WIDTHS[abreast],
            )
            for each in shown
        ],
        table=_table(results),
        abreast=abreast,
    )


def _found(capacity: Capacity) -> str:
    return "unknown" if found(capacity) == NONE else f"{found(capacity)} arrivals/s"


def _caption(objectives: list[str], shown: list[Capacity]) -> str:
    """Return the explanation of what is drawn. A probe has a share of the objective that is hardest to meet there."""
    outcomes = {probe.outcome for each in shown for probe in each.probes}
    marks = "; ".join(f"{mark}: {outcome}" for outcome, mark in MARKS.items() if outcome in outcomes)
    several = len(objectives) > 1
    missed = "the objective that is hardest to meet" if several else "the objective"
    return (
        f"For each rate: the share of arrivals that missed {missed}, with its 95% interval. Dashed: the share "
        f"{f'that misses {objectives[0]} ' if several else ''}by a replay of the model. Horizontal line: the share "
        f"that {'an' if several else 'the'} objective allows. "
        f"{BETWEEN if {'passed', 'failed'} <= outcomes else ''}{marks[:1].upper()}{marks[1:]}."
    )


def chart(results: Results, capacity: Capacity, contender: Contender) -> alt.LayerChart:
    """Return the chart of one service: prediction, limit, bracket and probes."""
    data = Datasets()
    rates = [each.rate for each in capacity.probes]
    low, high = min(rates) * 0.9, max(rates) * 1.1
    x = alt.X("rate:Q", title="arrivals/s", scale=alt.Scale(domain=[low, high], nice=False)).axis(
        labelOverlap="greedy", labelSeparation=8, tickCount=5
    )
    shares = alt.Scale(type="pow", exponent=0.35, domain=[0, 1])
    y = alt.Y("share:Q", title="share that missed", scale=shares).axis(
        values=[0, 0.001, 0.01, 0.05, 0.2, 0.5, 1], format=".1~%"
    )
    objectives = [objective(each) for each in results.options.objectives]
    layers: list[Any] = []
    if capacity.passed is not None and capacity.failed is not None:
        bracket = data.add([{"rate": capacity.passed, "until": capacity.failed, "share": 0, "top": 1}])
        layers.append(
            alt.Chart(bracket).mark_rect(fill=SHADE, opacity=1).encode(x=x, x2="until:Q", y=y, y2=alt.Y2("top:Q"))
        )
    allowed = data.add([{"share": each.allowed} for each in objectives])
    layers.append(alt.Chart(allowed).mark_rule(stroke=INK, strokeWidth=1).encode(y=y))
    if curve := _curve(results, contender, low, high):
        layers.append(
            alt.Chart(data.add(curve)).mark_line(strokeDash=[5, 4], stroke=MUTED, strokeWidth=1.5).encode(x=x, y=y)
        )
    probes = data.add([_probe(each) for each in capacity.probes if each.outcome != INCONCLUSIVE])
    layers.append(
        alt.Chart(probes).mark_rule(strokeWidth=2, stroke=INK).encode(x=x, y=alt.Y("low:Q", scale=shares), y2="high:Q")
    )
    if unknown := [_probe(each) for each in capacity.probes if each.outcome == INCONCLUSIVE]:
        layers.append(
            alt.Chart(data.add(unknown))
            .mark_point(size=80, stroke=INK, strokeWidth=1.5, opacity=1, fill=PAPER, shape=OUTCOMES[INCONCLUSIVE])
            .encode(x=x, y=alt.value(-ABOVE), tooltip=["rate:Q", "outcome:N", "windows:Q"])
        )
        layers.append(_named(data, x, [each["rate"] for each in unknown], low, high))
    shapes = alt.Shape("outcome:N", scale=alt.Scale(domain=[*OUTCOMES], range=[*OUTCOMES.values()]), legend=None)
    layers.append(
        alt.Chart(probes)
        .mark_point(size=80, stroke=INK, strokeWidth=1.5, opacity=1)
        .encode(
            x=x,
            y=y,
            shape=shapes,
            fill=alt.condition("datum.decided", alt.value(INK), alt.value(SHADE)),
            tooltip=[
                "rate:Q",
                "outcome:N",
                "windows:Q",
                "objective:N",
                *(alt.Tooltip(f"{end}:Q", format=".2%") for end in ENDS),
            ],
        )
    )
    return data.chart(layers).properties(height=HEIGHT)


def _named(data: Datasets, x: alt.X, rates: list[float], low: float, high: float) -> alt.Chart:
    """Return the word beside the marks of inconclusive probes, on the side that has more room."""
    after = high - max(rates) > min(rates) - low
    word = alt.Chart(data.add([{"rate": max(rates) if after else min(rates), "says": f"({INCONCLUSIVE})"}]))
    placed = word.encode(x=x, y=alt.value(-ABOVE), text="says:N")
    text: alt.Chart = placed.mark_text(align="left" if after else "right", dx=10 if after else -10)
    return text


def _curve(results: Results, contender: Contender, low: float, high: float) -> list[dict[str, float]]:
    demand, load = contender.demand, results.options.loads[0]
    if demand is None or not isinstance(load, Open):
        return []
    first = objective(results.options.objectives[0])
    model = Model(demand, first.deadline or load.patience, load, REPLAYED)
    tried = [low + (high - low) * step / POINTS for step in range(POINTS + 1)]
    return [{"rate": rate, "share": 1.0 if load.at(rate).saturates(demand) else model.missed(rate)} for rate in tried]


def _probe(probe: Probe) -> dict[str, Any]:
    decided = probe.outcome in ("passed", "failed")
    return {
        "decided": decided,
        **probe.model_dump(include={"rate", "objective", "share", "low", "high", "outcome", "windows"}),
    }


def _table(results: Results) -> Table:
    head = ["service", "predicted", "rate", "windows", "objective", "share missed", "outcome", "found"]
    rows = [
        [
            each.service,
            NONE if each.predicted is None else per_second(each.predicted),
            per_second(probe.rate),
            str(probe.windows),
            probe.objective,
            NONE if probe.outcome == INCONCLUSIVE else f"{probe.low:.2%} to {probe.high:.2%}",
            probe.outcome,
            found(each),
        ]
        for each in results.capacities
        for probe in each.probes
    ]
    return Table(head, rows)
