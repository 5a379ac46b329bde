"""The comparison of two runs on the terminal."""

from rich.console import Console
from rich.padding import Padding

from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import rows
from loadtest.verdict.before_after import changes, nothing_to_tell, only, unlike, verdict

from .layout import framed, put


def show_before_after(out: Console, before: Results, after: Results) -> None:
    """Print the figures that both runs share, what became faster or slower, and how the runs differ otherwise.

    The figures are throughput and, under open loads, also a percentile of latency.
    """
    tables = rows(before), rows(after)
    found = changes(*tables)
    if found:
        shown = framed(
            f"Before and after: {after.options.title}",
            ["service"],
            [found[0].after.load.unit, "figure", "before", "after", "ratio", "spread of both"],
            "difference",
        )
        for change in found:
            shown.add_row(
                *(change.after.service, str(change.after.load.amount), change.figure, *change.marked),
                cells.NONE if change.ratio is None else f"{change.ratio:.3f}",
                cells.NONE if change.spread is None else f"±{change.spread:.1f}",
                change.says,
            )
        put(out, shown)
    nothing = nothing_to_tell(found)
    for sentence in [*unlike(before, after), *([nothing] if nothing else verdict(found)), *only(*tables)]:
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
