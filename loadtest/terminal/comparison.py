"""The output at the end of a comparison: its services, the tables and the verdict."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from loadtest.contenders.service import in_words
from loadtest.english import count
from loadtest.results.schema import Contender, Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import LEAST_CPU, Row, grouped, known_costs
from loadtest.verdict.backlog import diverges
from loadtest.verdict.comparison import verdict
from loadtest.verdict.open_comparison import is_open
from loadtest.verdict.placement import placement
from loadtest.workload.scenarios import POOLS

from . import arrivals, need, pairs
from .labels import labelled, units
from .layout import framed, put

WIDE = 100
"""The minimum width, in columns, to show the spread between repeats, the 90th percentile and the table of CPU time."""

SILENT = ("resent", "reconnected")
"""The columns of what an HTTP client does in silence; they are shown if there is any."""

SILENCE = (
    "Resent: requests that were sent again, because the service closed the connection unanswered. Reconnected: kept "
    "connections that the service had closed before anything was sent on them."
)
"""The legend of these columns."""

PARTS = (
    "One process: the smallest and the largest share of one process in the CPU time of its service. Switches: context "
    "switches of the service per request, voluntary + involuntary. Interrupts, other processes: on all cores of the "
    "run. Unaccounted: the share of the service's cores that was busy without a measured cause."
)
"""The legend of the table of CPU time."""


CLOSED = "±: half the difference between the fastest and the slowest repeat. Hung: in flight for the whole window. "
"""The legend of columns that closed loads alone have."""


def show(out: Console, results: Results, table: list[Row]) -> None:
    """Print the services, the tables, the verdict, the legend and the machine."""
    wide = out.width >= WIDE
    if is_open(results):
        latency = arrivals.latency(table, results, wide=out.width >= arrivals.WIDE)
        happened = [latency, arrivals.traffic(table, results, wide=wide)]
    else:
        happened = [_what_happened(table, results, wide=wide)]
    if any(row.parts for row in table):
        happened.append(_by_request(table, results))
    took = _what_it_took(table, results)
    parts = [_parts_of_the_cpu_time(table, results)] if wide and results.cores.apart else []
    for part in (_lineup(results.contenders), *happened, took, *parts, *pairs.tables(results), *need.tables(results)):
        part.padding = (0, 2 if wide else 1, 0, 0)
        put(out, part)
    for sentence in verdict(results, table):
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
    out.print(where(results), style="dim", markup=False)
    if is_open(results):
        out.print(arrivals.legend(table, results), style="dim", markup=False)
    elif results.options.deadlines:
        out.print(cells.good(results.options.deadlines), style="dim", markup=False)
    if _silent(table):
        out.print(SILENCE, style="dim", markup=False)
    if parts:
        out.print(PARTS, style="dim", markup=False)
    if any(each.calibration for each in results.contenders):
        out.print(cells.CALIBRATED, style="dim", markup=False)


def _lineup(contenders: list[Contender]) -> Table:
    table = framed("The line-up", ["service", "kind"], [], "set-up", "software")
    for each in grouped(contenders):
        limits = each.demand.limits if each.demand else ()
        pools = ", ".join(f"{limit.name} of {limit.capacity}" for limit in limits if limit.name in POOLS)
        times = f"calibrated (µs): {figures}" if (figures := cells.calibrated(each)) else ""
        setup = "\n".join(filter(None, (each.made_of, pools, times)))
        table.add_row(each.name, each.kind, setup, in_words(each.software))
    return table


def _what_happened(table: list[Row], results: Results, *, wide: bool) -> Table:
    ranks = (0.5, 0.9, 0.99) if wide else (0.5, 0.99)
    good = bool(results.options.deadlines)
    shown = framed(
        f"Throughput and latency: {results.options.title} (requests/s; latency in ms)",
        ["service"],
        [
            *(units(table), "predicted", "measured", "ratio", *(["goodput"] if good else [])),
            *(f"p{rank * 100:.0f}" for rank in ranks),
        ],
        "bound by",
    )
    for service, row in labelled(table, results.contenders):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        amount, predicted = str(row.load.amount), f"{row.predicted.throughput:.1f}" if row.predicted else "-"
        if not row.windows:
            shown.add_row(
                service, amount, predicted, "not run", *[""] * (1 + good + len(ranks)), cells.not_run(row.load)
            )
            continue
        measured = f"{row.throughput:.1f}" + (f" ±{row.spread:.1f}" if wide and len(row.windows) > 1 else "")
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        tiles = [cells.latency(row.percentile(rank), row.load) for rank in ranks]
        bound = row.bound
        if row.doubts:
            tiles, bound = [cells.NONE] * len(ranks), "inconclusive"
        measured, ratio = (cells.bracketed(figure, holds=row.holds) for figure in (measured, ratio))
        goodput = [cells.goodput(row)] if good else []
        shown.add_row(service, amount, predicted, measured, ratio, *goodput, *tiles, bound)
    return shown


def _by_request(table: list[Row], results: Results) -> Table:
    """Return the table of what users sent, one row for each request."""
    shown = framed(
        "By request (requests/s; latency in ms)",
        ["service"],
        [units(table), "request", "measured", "p50", "p90", "p99", "errors"],
    )
    for service, row in labelled([row for row in table if row.parts], results.contenders):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        for place, part in enumerate(row.parts):
            tiles = [cells.latency(part.percentile(rank), row.load) for rank in (0.5, 0.9, 0.99)]
            measured = cells.bracketed(f"{part.throughput:.1f}", holds=row.holds)
            known = row.holds and not diverges(row)
            first = (service, str(row.load.amount)) if place == 0 else ("", "")
            shown.add_row(*first, part.name, measured, *(tiles if known else [cells.NONE] * 3), str(part.failures))
    return shown


def _what_it_took(table: list[Row], results: Results) -> Table:
    run, late = [row for row in table if row.windows], is_open(results)
    kinds = any(row.errors for row in run)
    silent = _silent(run)
    shown = framed(
        f"Resources and errors (CPU and generator in cores{'; own lateness in ms' if late else ''})",
        ["service"],
        [
            *(units(table), "CPU", "µs/request", "memory", "generator", "own lateness" if late else "hung", "errors"),
            *(SILENT if silent else ()),
        ],
        *(["kinds of error"] if kinds else []),
    )
    for service, row in labelled(run, results.contenders, fold=late):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        shown.add_row(
            *(service, str(row.load.amount)),
            "-" if row.server_cpu is None else f"{row.server_cpu:.2f}",
            cells.microseconds(row.cpu_per_request),
            "-" if row.memory is None else f"{row.memory / 2**20:.0f} MiB",
            *(f"{row.generator_cpu:.2f}", cells.lateness(row) if late else str(row.unfinished), str(row.failures)),
            *(map(_counted, (row.resent, row.reconnected)) if silent else ()),
            *([", ".join(f"{count} x {kind}" for kind, count in row.errors.items())] if kinds else []),
        )
    return shown


def _parts_of_the_cpu_time(table: list[Row], results: Results) -> Table:
    """Return the table of the CPU time per request that is not the service's, and of how the service spent its own."""
    run = [row for row in table if row.windows]
    names = known_costs(run)
    heads = ["one process", "switches", *names, "unaccounted"]
    shown = framed("CPU time beside the service (µs/request)", ["service"], [units(table), *heads])
    for service, row in labelled(run, results.contenders, fold=is_open(results)):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        costs = [cells.microseconds(row.costs.get(name)) for name in names]
        left = cells.NONE if row.unaccounted is None else f"{row.unaccounted:.1%}"
        shown.add_row(service, str(row.load.amount), cells.shares(row), cells.switches(row), *costs, left)
    return shown


def _silent(table: list[Row]) -> bool:
    return any(row.resent or row.reconnected for row in table)


def _counted(times: int | None) -> str:
    return cells.NONE if times is None else str(times)


def where(results: Results) -> str:
    """Return the legend of the tables, and the machine and software that they were measured on."""
    machine = results.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    closed = "" if is_open(results) else CLOSED
    return (
        f'\nBelow each service: processes x threads = slots ("any": no limit). {closed}"-": unknown, or too few '
        f"samples. A percentile needs five requests above it; a CPU time needs {LEAST_CPU:g} s in all."
        f"\nMeasured on {count(machine.cores, 'core')} ({machine.processor}): {placement(results)}. "
        f"Python {machine.python}, {packages}."
    )
