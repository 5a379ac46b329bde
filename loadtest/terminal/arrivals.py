"""The tables of a run of open loads: latency, and throughput with the requests in flight."""

from math import inf

from rich.table import Table

from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row
from loadtest.verdict.backlog import diverges, lost, offered, slopes
from loadtest.workload.open import Open

from .labels import labelled, units
from .layout import framed

FORETOLD = (0.5, 0.99)
"""The predicted percentiles."""

WIDE = 110
"""The minimum width, in columns, to show the 90th percentile and the service time."""

INCONCLUSIVE = "inconclusive"


def latency(table: list[Row], results: Results, *, wide: bool) -> Table:
    """Return the table of latency: predicted, measured and their ratio. Where a backlog grows there is none."""
    ranks = (0.5, 0.9, 0.99) if wide else (0.5, 0.99)
    options = results.options
    shown = framed(
        f"Latency: {options.title} (ms, from the intended start)",
        ["service"],
        [
            units(table),
            *(f"predicted\n{_name(rank)}" for rank in FORETOLD),
            *map(_name, ranks),
            "ratio",
            *(["service time"] if wide else []),
        ],
        "bound by",
    )
    nothing = [""] * (len(FORETOLD) + len(ranks) + 1 + wide)
    for service, row in labelled(table, results.contenders, fold=True):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        amount, bound = str(row.load.amount), INCONCLUSIVE if row.doubts else row.bound
        if not row.windows:
            shown.add_row(service, amount, *nothing, f"not run: {cells.not_run(row.load)}")
        elif diverges(row):
            shown.add_row(service, amount, *nothing, f"{bound}; diverges: {slopes(row)}")
        else:
            foretold = [cells.latency(row.foretold(rank), row.load) for rank in FORETOLD]
            found = [cells.latency(row.percentile(rank), row.load) for rank in ranks] + [cells.latency_ratio(row)]
            found += [cells.latency(row.served_in(0.99), row.load)] * wide
            shown.add_row(service, amount, *foretold, *(_marked(figure, row) for figure in found), bound)
    return shown


def traffic(table: list[Row], results: Results, *, wide: bool) -> Table:
    """Return the table of arrivals and answers per second, and of the requests in flight."""
    good = bool(results.options.deadlines)
    shown = framed(
        "Throughput (requests/s) and requests in flight",
        ["service"],
        [
            units(table),
            *(["offered"] if wide else []),
            *("throughput\npredicted", "measured"),
            *(["goodput"] if good else []),
            "lost",
            *("in flight\npredicted", "measured"),
        ],
    )
    for service, row in labelled([row for row in table if row.windows], results.contenders, fold=True):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        shown.add_row(
            *(service, str(row.load.amount), *([cells.per_second(offered(row))] if wide else [])),
            cells.NONE if row.predicted is None else cells.per_second(row.predicted.throughput),
            cells.rate(row),
            *([cells.goodput(row)] if good else []),
            _marked(f"{lost(row):.1%}" if row.lost else "0", row),
            *(_counted(row.in_flight_foretold), _marked(_counted(row.in_flight), row)),
        )
    return shown


def legend(table: list[Row], results: Results) -> str:
    """Return the legend of both tables, and of the load generator's own lateness."""
    run = [row for row in table if row.windows]
    patience = next(cells.beyond(load) for load in results.options.loads if isinstance(load, Open))
    told = [
        "Latency: from the intended start of a request. Service time: from its actual send, 99th percentile. Ratio: "
        "measured / predicted p99, or p50 where there is no p99."
    ]
    shown = [row for row in run if not diverges(row)]
    if any(inf in (row.percentile(rank), row.foretold(rank)) for row in shown for rank in (0.5, 0.9, 0.99)):
        told.append(f"{patience}: among the lost requests, which count as slower than all others.")
    if any(map(diverges, run)):
        told.append(
            "Diverges: more requests arrive than the service can serve. The backlog, its requests in flight, grows by "
            "so many per second; latencies would only show for how long."
        )
    told.append(
        "Offered: arrivals in the window. Throughput: answers in the window, also to earlier arrivals. Lost: arrivals "
        "that were refused, failed or not answered within the clients' patience."
    )
    if results.options.deadlines:
        told.append(cells.good(results.options.deadlines))
    told.append(
        "Own lateness: by how much the load generator sent requests late although a client was free, 99th percentile."
    )
    return " ".join(told)


def _name(rank: float) -> str:
    return f"p{rank * 100:.0f}"


def _marked(figure: str, row: Row) -> str:
    return figure if figure == cells.NONE else cells.bracketed(figure, holds=row.holds)


def _counted(requests: float | None) -> str:
    return cells.NONE if requests is None else cells.per_second(requests)
