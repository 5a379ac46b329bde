"""The details of a comparison: its services, what the load took, and where it was measured."""

from rich.console import Console
from rich.table import Table

from loadtest.contenders.service import in_words
from loadtest.english import count
from loadtest.results.schema import Contender, Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import LEAST_CPU, Row, grouped, known_costs
from loadtest.verdict.open_comparison import is_open
from loadtest.verdict.placement import placement
from loadtest.workload.scenarios import POOLS

from . import arrivals
from .labels import labelled, units
from .layout import WIDE, framed, put

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


def show_details(out: Console, results: Results, table: list[Row]) -> None:
    """Print the services, what the load took, the legends of all tables, and the machine."""
    late, parts = is_open(results), out.width >= WIDE and results.cores.apart
    put(out, _lineup(results.contenders))
    put(out, resources(table, results))
    if parts:
        put(out, _parts_of_the_cpu_time(table, results))
    legends = [
        where(results),
        arrivals.legend(table, results) if late else "",
        cells.good(results.options.deadlines) if results.options.deadlines and not late else "",
        SILENCE if _silent(table) else "",
        PARTS if parts else "",
        cells.CALIBRATED if any(each.calibration for each in results.contenders) else "",
    ]
    for legend in filter(None, legends):
        out.print(legend, style="dim", markup=False)


def troubled(table: list[Row]) -> bool:
    """Return True if requests failed, hung, or were sent again: the table of resources shows them."""
    return any(row.failures or row.unfinished for row in table) or _silent(table)


def _lineup(contenders: list[Contender]) -> Table:
    table = framed("The line-up", ["service", "kind"], [], "set-up", "software")
    for each in grouped(contenders):
        limits = each.demand.limits if each.demand else ()
        pools = ", ".join(f"{limit.name} of {limit.capacity}" for limit in limits if limit.name in POOLS)
        times = f"calibrated (µs): {figures}" if (figures := cells.calibrated(each)) else ""
        setup = "\n".join(filter(None, (each.made_of, pools, times)))
        table.add_row(each.name, each.kind, setup, in_words(each.software))
    return table


def resources(table: list[Row], results: Results) -> Table:
    """Return the table of CPU time, memory and errors."""
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
