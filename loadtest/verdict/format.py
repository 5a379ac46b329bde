"""Figures as tables have them: in brackets where they are inconclusive, and a word where there is none."""

from loadtest.results.schema import Contender

from .aggregate import Row

NONE = "-"


def slots(contender: Contender) -> str:
    """Processes x threads = slots, as far as they are known."""
    if contender.processes is None:
        return ""
    if contender.slots is None:
        return f"{contender.processes} x 1 = any"
    return f"{contender.processes} x {contender.slots // contender.processes} = {contender.slots}"


def rate(row: Row | None) -> str:
    """Requests a second to three digits, or to the last one before the point."""
    return NONE if row is None else bracketed(per_second(row.throughput), holds=row.holds)


def per_second(throughput: float) -> str:
    """The same of a bare figure."""
    return f"{throughput:.1f}" if throughput < 100 else f"{throughput:.0f}"


def ratio(row: Row | None) -> str:
    """Measured over predicted; nothing where nothing was predicted."""
    return "" if row is None or row.ratio is None else bracketed(f"{row.ratio:.2f}", holds=row.holds)


def cost(row: Row | None) -> str:
    """Microseconds of CPU time of a request."""
    if row is None or row.cpu_per_request is None:
        return NONE
    return bracketed(f"{row.cpu_per_request:.0f}", holds=row.holds)


def memory(row: Row | None) -> str:
    """MiB."""
    return NONE if row is None or row.memory is None else bracketed(f"{row.memory / 2**20:.0f}", holds=row.holds)


def lines(contender: Contender) -> str:
    """Lines of its adapter."""
    return NONE if contender.adapter_lines is None else str(contender.adapter_lines)


def bracketed(figure: str, *, holds: bool) -> str:
    """Return a figure, in brackets unless it holds."""
    return figure if holds else f"({figure})"
