"""The comparison of two runs on the terminal."""

from rich.console import Console
from rich.padding import Padding

from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import rows
from loadtest.verdict.before_after import nothing_to_tell, only, pairs, unlike, verdict

from .layout import framed, put


def show_before_after(out: Console, before: Results, after: Results) -> None:
    """Print the figures that both runs share, what became faster or slower, and how the runs differ otherwise.

    The figures are throughput and, under open loads, also a percentile of latency.
    """
    tables = rows(before), rows(after)
    found = pairs(*tables)
    if found:
        shown = framed(
            f"Before and after: {after.options.title}",
            ["service"],
            [found[0].after.load.unit, "figure", "before", "after", "ratio", "spread of both"],
            "difference",
        )
        for pair in found:
            shown.add_row(
                *(pair.after.service, str(pair.after.load.amount), pair.figure, *pair.marked),
                cells.NONE if pair.ratio is None else f"{pair.ratio:.3f}",
                cells.NONE if pair.spread is None else f"±{pair.spread:.1f}",
                pair.says,
            )
        put(out, shown)
    nothing = nothing_to_tell(found)
    for sentence in [*unlike(before, after), *([nothing] if nothing else verdict(found)), *only(*tables)]:
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
