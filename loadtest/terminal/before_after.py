"""The comparison of two runs on the terminal."""

from rich.console import Console
from rich.padding import Padding

from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import rows
from loadtest.verdict.before_after import MEASURE_AGAIN, advised, changes, nothing_to_tell, only, unlike, verdict

from .layout import framed, put


def show_before_after(out: Console, before: Results, after: Results) -> None:
    """Print the figures that both runs share, what became faster or slower, and how the runs differ otherwise.

    The figures are throughput and, under open loads, also a percentile of latency.
    """
    tables = rows(before), rows(after)
    found = changes(*tables)
    nothing = nothing_to_tell(found)
    if nothing:
        out.print(nothing, markup=False)
    if nothing and (commands := advised(before, after)):
        out.print(MEASURE_AGAIN, markup=False)
        for command in commands:
            out.print(f"  {command}", markup=False, soft_wrap=True)
    if found:
        shown = framed(
            f"Before and after: {after.options.title}",
            ["service"],
            [found[0].after.load.unit, "figure", "before", "after", "ratio", "range"],
            "difference",
        )
        for change in found:
            shown.add_row(
                *(change.after.service, str(change.after.load.amount), change.figure, *change.marked),
                cells.NONE if change.ratio is None else f"{change.ratio:.3f}",
                cells.NONE if change.range is None else "{:.2f} to {:.2f}".format(*change.range),
                change.says,
            )
        put(out, shown)
    for sentence in [*unlike(before, after), *([] if nothing else verdict(found)), *only(*tables)]:
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
