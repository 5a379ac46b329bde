"""The comparison of two runs on the terminal."""

from rich.console import Console

from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import rows
from loadtest.verdict.before_after import (
    MEASURE_AGAIN,
    RUNS,
    advised,
    changes,
    conclusion,
    nothing_to_tell,
    only,
    unlike,
    verdict,
)
from loadtest.verdict.cause import cause
from loadtest.verdict.comparison import doubtful

from .details import where
from .layout import framed, put, say


def show_before_after(out: Console, before: Results, after: Results, *, details: bool = False) -> None:
    """Print what became faster or slower, how the runs differ otherwise, and the figures that both share.

    The figures are throughput and, under open loads, also a percentile of latency.
    """
    tables = rows(before), rows(after)
    found = changes(*tables)
    commands = advised(before, after, nothing := nothing_to_tell(found))
    others = [*unlike(before, after), *only(*tables), *cause([row for table in tables for row in table])]
    if nothing:
        say(out, conclusion(found), [*others, *([MEASURE_AGAIN] if commands else [])])
        for command in commands:
            out.print(f"  {command}", markup=False, soft_wrap=True)
        if commands:
            out.print()
    else:
        say(out, conclusion(found), [*verdict(found), *others])
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
    if details:
        for name, run, table in zip(RUNS, (before, after), tables, strict=True):
            for doubt in doubtful(table, name):
                out.print(doubt, markup=False)
            out.print(f"{name.capitalize()}:{where(run)}", style="dim", markup=False)
