"""The bar panels of a page's first screen: the fewest, the middle and the most load, a bar for each service."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from loadtest.english import duration
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.backlog import diverges
from loadtest.verdict.format import bracketed, readable
from loadtest.verdict.open_comparison import is_open

THROUGHPUT = "requests a second"

LATENCIES = {0.99: "p99: 99% took at most", 0.9: "p90: 90% took at most", 0.5: "p50: half took at most"}
"""The figure of a panel of an open load, by percentile, the highest first."""


@dataclass(frozen=True)
class Value:
    """A figure of one service. `instead`: what to say where it has none."""

    service: str
    measured: float | None
    predicted: float | None
    holds: bool = True
    instead: str = "not measured"


@dataclass(frozen=True)
class Bar:
    """A bar. `length` and `tick` are shares of the panel's longest one, from 0 to 1; None where there is none."""

    service: str
    kind: str
    label: str
    length: float | None
    tick: float | None
    told: str
    """The prediction in words, or ""."""
    holds: bool


@dataclass(frozen=True)
class Panel:
    """The bars of all services under one load. `what`: the figure that they show, with its unit."""

    heading: str
    what: str
    bars: Sequence[Bar]


def panels(results: Results, table: Sequence[Row]) -> list[Panel]:
    """Return a panel for the fewest, the middle and the most load of a run."""
    loads = sorted({row.load for row in table}, key=lambda load: load.amount)
    chosen = loads if len(loads) <= 3 else [loads[0], loads[(len(loads) - 1) // 2], loads[-1]]
    kinds = {each.name: each.kind for each in results.contenders}
    groups = [(load.label, [row for row in table if row.load == load]) for load in chosen]
    if is_open(results):
        rank = _common([row for _, rows in groups for row in rows if row.windows and not diverges(row)])
        return [_of_latency(heading, rows, kinds, rank) for heading, rows in groups]
    return [_of_throughput(heading, rows, kinds) for heading, rows in groups]


def panel(
    heading: str, what: str, values: Sequence[Value], shown: Callable[[float], str], kinds: Mapping[str, str]
) -> Panel:
    """Return the panel of these figures. `shown`: formats a figure. `kinds`: the kind of each service."""
    figures = [figure for each in values for figure in (each.measured, each.predicted) if figure is not None]
    longest = max(figures, default=0.0) or 1.0

    def bar(each: Value) -> Bar:
        measured, predicted = each.measured, each.predicted
        return Bar(
            service=each.service,
            kind=kinds[each.service],
            label=each.instead if measured is None else bracketed(shown(measured), holds=each.holds),
            length=None if measured is None else measured / longest,
            tick=None if predicted is None else predicted / longest,
            told="" if predicted is None else f"predicted: {shown(predicted)}",
            holds=each.holds,
        )

    return Panel(heading, what, [bar(each) for each in values])


def _of_throughput(heading: str, rows: Sequence[Row], kinds: Mapping[str, str]) -> Panel:
    values = [
        Value(
            row.service,
            row.throughput if row.windows else None,
            row.predicted.throughput if row.predicted else None,
            row.holds,
            "not run: saturated",
        )
        for row in rows
    ]
    return panel(heading, THROUGHPUT, values, readable, kinds)


def _common(carried: Sequence[Row]) -> float:
    """Return the highest rank of LATENCIES that all rows have, so that all panels show the same percentile."""
    return next((rank for rank in LATENCIES if all(_finite(row.percentile(rank)) for row in carried)), min(LATENCIES))


def _of_latency(heading: str, rows: Sequence[Row], kinds: Mapping[str, str], rank: float) -> Panel:
    values = [
        Value(row.service, None, None, row.holds, "not run: diverges" if not row.windows else "backlog grows")
        if not row.windows or diverges(row)
        else Value(row.service, _finite(row.percentile(rank)), _finite(row.foretold(rank)), row.holds, "unknown")
        for row in rows
    ]
    return panel(heading, LATENCIES[rank], values, duration, kinds)


def _finite(latency: float | None) -> float | None:
    """Return a latency, or None for that of arrivals that were not served."""
    return None if latency == inf else latency
