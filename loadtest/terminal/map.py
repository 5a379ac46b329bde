"""The output at the end of a map: the points that were measured, and the rule."""

from collections.abc import Mapping

from rich.console import Console

from loadtest.english import count
from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.comparison import in_brief
from loadtest.verdict.mapped import doubts, headline, lacking, said, table_of
from loadtest.verdict.placement import placement
from loadtest.verdict.points import points

from .layout import framed, put, say


def show_map(out: Console, measured: Mapping[str, Results], *, details: bool) -> None:
    """Print the rule, what is inconclusive, and the points; with `details`, also where they were measured."""
    told = headline(measured)
    reasons = doubts(measured) if details else in_brief(doubts(measured), [row for _, row in table_of(measured)])
    say(out, told, [*(each for each in said(measured) if each != f"{told}."), *lacking(measured), *reasons])
    first = next(iter(measured.values()))
    names = [each.name for each in first.contenders]
    shown = framed(
        f"How many times the throughput of {names[0]} {names[1]} has",
        ["wait"],
        ["users", "predicted", "measured", "ratio"],
        "bound by",
    )
    for point in points(measured.values(), names):
        figures = (cells.bracketed(f"{each:.2f}", holds=point.holds) for each in (point.measured, point.ratio))
        shown.add_row(point.delay, str(point.users), f"{point.predicted:.2f}", *figures, point.bound)
    put(out, shown)
    if not details:
        return
    machine = first.machine
    where = f"Measured on {count(machine.cores, 'core')} ({machine.processor}): {placement(first)}."
    out.print(f"Ratio: measured / predicted. Figures in brackets are inconclusive.\n{where}", style="dim", markup=False)
