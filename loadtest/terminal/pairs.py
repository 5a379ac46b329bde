"""The table of two services that were compared pair by pair."""

from rich.table import Table

from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.pairs import CPU_TIME, MEMORY, THROUGHPUT, Difference, differences

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
    shown = framed(
        f"{after} against {before}, pair by pair (requests/s; latency in ms; CPU in µs; memory in MiB)",
        [],
        [group[0].load.unit, "figure", before, after, "ratio", "interval", "pairs"],
        "says",
    )
    load = None
    for each in group:
        amount = "" if each.load == load else str(each.load.amount)
        load = each.load
        ratio = cells.NONE if each.ratio is None else f"{each.ratio:.3f}"
        ends = each.interval
        between = cells.NONE if ends is None else f"{ends.low:.3f} to {ends.high:.3f}"
        medians = [figure(each, value) for value in (each.before, each.after)]
        shown.add_row(amount, each.figure, *medians, ratio, between, str(len(each.ratios)), each.says)
    return shown


def figure(difference: Difference, value: float | None) -> str:
    """Return one of the two medians of a difference, in the unit of its figure."""
    if value is None:
        return cells.NONE
    match difference.figure:
        case figure if figure == THROUGHPUT:
            return cells.per_second(value)
        case figure if figure == CPU_TIME:
            return cells.microseconds(value)
        case figure if figure == MEMORY:
            return f"{value / 2**20:.1f}"
        case _:
            return cells.latency(value, difference.load)
