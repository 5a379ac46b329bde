"""The table of two services that were compared pair by pair."""

from rich.table import Table

from loadtest.results.schema import Results
from loadtest.verdict.pairs import HEADS, UNITS, Difference, differences, told

from .layout import framed


def tables(results: Results) -> list[Table]:
    """Return one table for each pairing of a run: the medians of both services, and the ratio of each figure."""
    found = differences(results)
    return [
        _table([each for each in found if each.pairing == pairing])
        for pairing in dict.fromkeys(each.pairing for each in found)
    ]


def _table(group: list[Difference]) -> Table:
    before, after = group[0].pairing.before, group[0].pairing.after
    *ratios, says = HEADS
    heads = [group[0].load.unit, "figure", before, after, *ratios]
    shown = framed(f"{after} against {before}, pair by pair ({UNITS})", [], heads, says)
    load = None
    for each in group:
        shown.add_row("" if each.load == load else str(each.load.amount), *told(each))
        load = each.load
    return shown
