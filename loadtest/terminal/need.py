"""The table of what would carry the load that a service is needed for."""

from rich.table import Table

from loadtest.results.advice import Advice
from loadtest.results.schema import Results
from loadtest.verdict import format as cells

from .layout import framed


def tables(results: Results) -> list[Table]:
    """Return one table for each service that there are proposals for."""
    return [_table(each) for each in results.advice if each.proposals]


def _table(advice: Advice) -> Table:
    shown = framed(
        f"{advice.service} for {advice.need}: predicted (requests/s; p99 in ms; memory in MiB; cores busy)",
        ["with"],
        ["throughput", "p99", "memory", "cores"],
        "carries it",
    )
    for each in advice.proposals:
        shown.add_row(
            each.what,
            cells.per_second(each.throughput),
            "grows" if each.p99 is None else f"{each.p99 * 1000:.0f}",
            cells.NONE if each.memory is None else f"{each.memory / 2**20:.1f}",
            cells.NONE if each.cores is None else f"{each.cores:.2f}",
            "yes" if each.enough else "no",
        )
    return shown
