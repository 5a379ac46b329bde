"""The table of what would carry the load that a service is needed for."""

from rich.table import Table

from loadtest.results.advice import Advice
from loadtest.results.schema import Results
from loadtest.verdict.need import HEADS, UNITS, told

from .layout import framed


def tables(results: Results) -> list[Table]:
    """Return one table for each service that there are proposals for."""
    return [_table(each) for each in results.advice if each.proposals]


def _table(advice: Advice) -> Table:
    *figures, carries = HEADS
    shown = framed(f"{advice.service} for {advice.need}: predicted ({UNITS})", ["with"], figures, carries)
    for each in advice.proposals:
        shown.add_row(each.what, *told(each))
    return shown
