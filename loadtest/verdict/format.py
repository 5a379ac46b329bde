"""Format figures for tables: in brackets if they are inconclusive, "-" if they are missing."""

from collections.abc import Callable, Sequence
from math import inf

from loadtest.results.histogram import merged, percentile
from loadtest.results.schema import Contender
from loadtest.workload import Load
from loadtest.workload.open import Open

from .aggregate import Row

NONE = "-"

CALIBRATED = (
    "Calibrated: the CPU time of a request, how late its wait ends, and its transit (time outside the service) were "
    "measured before the first step, on a server started for that; predictions follow from them."
)
"""The legend of calibrated figures."""


def slots(contender: Contender) -> str:
    """Return "processes x threads = slots" ("any" without a limit), or "" if the processes are unknown."""
    if contender.processes is None:
        return ""
    if contender.slots is None:
        return f"{contender.processes} x 1 = any"
    return f"{contender.processes} x {contender.slots // contender.processes} = {contender.slots}"


def calibrated(contender: Contender) -> str:
    """Return what was measured of a request before the first step, in microseconds, or "" if nothing was."""
    demand = contender.demand
    if contender.calibration is None or demand is None or demand.cpu is None:
        return ""
    times = {"CPU time": demand.cpu.held, "late": demand.late, "transit": demand.transit}
    return ", ".join(f"{name} {microseconds(seconds * 1e6)}" for name, seconds in times.items())


def rate(row: Row | None) -> str:
    """Return the throughput in requests per second, in brackets if inconclusive."""
    return NONE if row is None else bracketed(per_second(row.throughput), holds=row.holds)


def per_second(throughput: float) -> str:
    """Return requests per second with one decimal place below 100, without decimals from 100 on."""
    return f"{throughput:.1f}" if throughput < 100 else f"{throughput:.0f}"


def readable(throughput: float) -> str:
    """Return requests per second for a headline: like `per_second`, with a comma after the thousands."""
    return per_second(throughput) if throughput < 1000 else f"{throughput:,.0f}"


def span(figures: Sequence[float], shown: Callable[[float], str] = "{:.0f}".format) -> str:
    """Return the range of the figures, or one figure if both ends look the same. `shown`: formats a figure."""
    low, high = shown(min(figures)), shown(max(figures))
    return low if low == high else f"{low} to {high}"


def ratio(row: Row | None) -> str:
    """Return measured over predicted throughput, or "" without a prediction."""
    return "" if row is None or row.ratio is None else bracketed(f"{row.ratio:.2f}", holds=row.holds)


def cost(row: Row | None) -> str:
    """Return the CPU time per request in microseconds."""
    if row is None or row.cpu_per_request is None:
        return NONE
    return bracketed(microseconds(row.cpu_per_request), holds=row.holds)


def microseconds(each: float | None) -> str:
    """Return a time in microseconds."""
    return NONE if each is None else f"{each:.0f}"


def shares(row: Row) -> str:
    """Return the smallest and the largest share of one worker process in the CPU time of all."""
    if row.shares is None:
        return NONE
    low, high = (f"{share:.0%}" for share in row.shares)
    return low if low == high else f"{low} to {high}"


def switches(row: Row) -> str:
    """Return the context switches per request: voluntary + involuntary."""
    return NONE if row.switches is None else " + ".join(f"{each:.1f}" for each in row.switches)


def memory(row: Row | None) -> str:
    """Return the memory in MiB."""
    return NONE if row is None or row.memory is None else bracketed(f"{row.memory / 2**20:.0f}", holds=row.holds)


def lines(contender: Contender) -> str:
    """Return the number of lines of the service's adapter."""
    return NONE if contender.adapter_lines is None else str(contender.adapter_lines)


def latency(milliseconds: float | None, load: Load) -> str:
    """Return a latency in milliseconds with three significant digits; `> 10 s`: beyond the clients' patience."""
    if milliseconds is None:
        return NONE
    if milliseconds == inf and isinstance(load, Open):
        return beyond(load)
    digits = max(0, 3 - len(str(int(milliseconds)))) if milliseconds >= 1 else 3
    return f"{milliseconds:.{digits}f}"


def beyond(load: Open) -> str:
    """Return a latency in words, with its unit, of which only one thing is known: it exceeds the clients' patience."""
    return f"> {load.patience:g} s"


def latency_ratio(row: Row) -> str:
    """Return measured over predicted latency, of the 99th percentile or else the median; "-" without two figures."""
    for rank in (0.99, 0.5):
        measured, foretold = row.percentile(rank), row.foretold(rank)
        if measured and foretold:
            return NONE if inf in (measured, foretold) else f"{measured / foretold:.2f}"
    return NONE


def lateness(row: Row) -> str:
    """Return by how much the load generator sent requests late by its own fault: 99th percentile in milliseconds."""
    return latency(percentile(merged([each.late_ms for each in row.arrived]), 0.99), row.load)


def goodput(row: Row) -> str:
    """Return the good answers per second, in brackets if inconclusive."""
    return NONE if row.goodput is None else bracketed(per_second(row.goodput), holds=row.holds)


def good(deadlines: Sequence[float]) -> str:
    """Return the legend of goodput."""
    return f"Goodput: answers within {limit(deadlines[0])}, per second; of an open load, to arrivals in the window."


def limit(seconds: float) -> str:
    """Return a time that was asked for, exactly: in seconds if it is one second or longer, else in milliseconds."""
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"


def not_run(load: Load) -> str:
    """Return why a step was not run."""
    return "diverges at a lower rate" if isinstance(load, Open) else "saturated at fewer users"


def bracketed(figure: str, *, holds: bool) -> str:
    """Return a figure, in brackets unless it can be trusted."""
    return figure if holds else f"({figure})"
