"""Format figures for tables: in brackets if they are inconclusive, "-" if they are missing."""

from loadtest.results.schema import Contender

from .aggregate import Row

NONE = "-"


def slots(contender: Contender) -> str:
    """Return "processes x threads = slots" ("any" without a limit), or "" if the processes are unknown."""
    if contender.processes is None:
        return ""
    if contender.slots is None:
        return f"{contender.processes} x 1 = any"
    return f"{contender.processes} x {contender.slots // contender.processes} = {contender.slots}"


def rate(row: Row | None) -> str:
    """Return the throughput in requests per second, in brackets if inconclusive."""
    return NONE if row is None else bracketed(per_second(row.throughput), holds=row.holds)


def per_second(throughput: float) -> str:
    """Return requests per second with one decimal place below 100, without decimals from 100 on."""
    return f"{throughput:.1f}" if throughput < 100 else f"{throughput:.0f}"


def ratio(row: Row | None) -> str:
    """Return measured over predicted throughput, or "" without a prediction."""
    return "" if row is None or row.ratio is None else bracketed(f"{row.ratio:.2f}", holds=row.holds)


def cost(row: Row | None) -> str:
    """Return the CPU time per request in microseconds."""
    if row is None or row.cpu_per_request is None:
        return NONE
    return bracketed(f"{row.cpu_per_request:.0f}", holds=row.holds)


def memory(row: Row | None) -> str:
    """Return the memory in MiB."""
    return NONE if row is None or row.memory is None else bracketed(f"{row.memory / 2**20:.0f}", holds=row.holds)


def lines(contender: Contender) -> str:
    """Return the number of lines of the service's adapter."""
    return NONE if contender.adapter_lines is None else str(contender.adapter_lines)


def bracketed(figure: str, *, holds: bool) -> str:
    """Return a figure, in brackets unless it can be trusted."""
    return figure if holds else f"({figure})"
