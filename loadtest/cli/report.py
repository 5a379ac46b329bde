"""`sync-vs-async report`: draw the report of one run, or compare two runs, from results files."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from loadtest.processes import signals
from loadtest.report import markdown
from loadtest.results.schema import FILE, Results, load
from loadtest.results.suite import is_lineup, load_all
from loadtest.results.waits import is_map, load_map
from loadtest.terminal.before_after import show_before_after
from loadtest.terminal.capacity import show_capacities
from loadtest.terminal.comparison import show
from loadtest.terminal.lineup import show_lineup
from loadtest.terminal.map import show_map
from loadtest.terminal.stalls import show_stalls
from loadtest.verdict import lineup, mapped
from loadtest.verdict.aggregate import rows
from loadtest.verdict.before_after import Change, changes, conclusion, refuse_others
from loadtest.verdict.gate import judged, judged_since
from loadtest.verdict.requirements import BEFORE, CAPACITY, STALLS, refuse
from serving.serve import raise_descriptors

from .gate import Gate, gate, gate_options
from .lineup import PAGE, draw_lineup
from .map import PAGE as MAP_PAGE
from .map import draw_map
from .options import Command, Mistake, folder, mistakes, opened, results_file, traced
from .run import FAILED, TRACE, VERDICT, draw_comparison, drawn
from .telling import Telling, telling_options

EXAMPLES = """examples:
  sync-vs-async report results/latest                          draw its report.html again
  sync-vs-async report results/latest --open --trace           open it, and write trace.json for Perfetto
  sync-vs-async report before/results.json after/results.json  compare two runs
  sync-vs-async report before/results.json after/results.json --require 'throughput>=0.95x before'
  sync-vs-async report results/2026-01-31T12-00-00             draw lineup.html or map.html, if lineup or map made it

exit status: 0 report drawn, 1 not drawn
with --require: 0 all met, 3 one broken, 2 none broken but one cannot be told, 1 not drawn"""

Draw = Callable[[], Sequence[Path]]


class Told(NamedTuple):
    """The parts of a report."""

    measured: Mapping[str, Results]
    """The runs by name, for the summary."""
    say: Callable[[Telling], int]
    """Print what belongs on the terminal, and return the exit status."""
    draw: Draw
    headline: str = ""
    """The finding of several runs together."""
    changes: Sequence[Change] = ()
    """The differences of two runs."""


@click.command(
    cls=Command,
    short_help="Draw the report of a run again, or compare two runs.",
    help="Draw the results of compare, capacity, stalls, lineup or map as one self-contained HTML file. RESULTS is a "
    "results.json file, its folder, or the folder of a line-up or of a map. With two results.json files, draw the "
    "first (before) and the second (after) as paired bars, and say what became faster or slower. Requirements are for "
    "the run after; the name before stands for the other one.",
    epilog=EXAMPLES,
)
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"HTML file to write (default: report.html, before-after.html, {PAGE} or {MAP_PAGE}, in the folder of the "
    "last RESULTS).",
)
@gate_options
@opened
@traced
@telling_options
def report(
    results: tuple[Path, ...],
    out: Path | None,
    *,
    opened: bool,
    trace: bool,
    telling: Telling,
    **given: Any,
) -> int:
    """Draw the report, and return the exit status."""
    held = gate(given)
    several = _several(results[0], out) if len(results) == 1 else None
    if several:
        for option in ("require", "markdown"):
            if given[option]:
                raise Mistake(f"--{option} needs the results of compare or capacity, not of lineup or map.")
        if trace:
            raise Mistake("--trace needs the results of compare, not of lineup or map.")
    with mistakes():
        told = several or _comparisons(results, out, held, trace=trace)
    raise_descriptors()
    signals.raise_interrupts()
    try:
        status = told.say(telling)
        pages = drawn(telling.screen, told.draw, opened=opened)
        return telling.end(FAILED if pages is None else status, told.measured, pages or [], told.headline, told.changes)
    except KeyboardInterrupt:
        return FAILED


def _several(found: Path, out: Path | None) -> Told | None:
    """Return the report of a line-up or a map, or None if the folder has neither."""
    with mistakes():
        if is_lineup(found):
            measured, page, draw, show = load_all(found), PAGE, draw_lineup, show_lineup
            told = lineup.headline(measured, lineup.portraits(measured))
        elif is_map(found):
            measured, page, draw, show = load_map(found), MAP_PAGE, draw_map, show_map
            told = mapped.headline(measured)
        else:
            return None
    place = _place(out, found / page, [found / name / FILE for name in measured])

    def say(telling: Telling) -> int:
        show(telling.screen, measured, details=telling.details)
        return VERDICT

    return Told(measured, say, lambda: draw(measured, place), told)


def _comparisons(results: Sequence[Path], out: Path | None, held: Gate, *, trace: bool) -> Told:
    paths = [results_file(path) for path in results]
    runs = [load(path) for path in paths]
    if len(runs) > 2:
        raise Mistake(f"report takes one results file, or two to compare; got {len(runs)}.")
    if len(runs) == 2 and any(each.stalls for each in runs):
        raise Mistake("report compares two runs of compare; those of stalls have loads that follow from their limits.")
    if trace and len(runs) == 2:
        raise Mistake("--trace takes one results file.")
    default = paths[-1].with_name("report.html" if len(runs) == 1 else "before-after.html")
    place = _place(out, default, paths, trace=trace)
    for file in (held.junit, held.markdown):
        if file:
            _keep(file, paths)
    *earlier, run = runs
    names, options = [each.name for each in run.contenders], run.options
    only = STALLS if run.stalls else CAPACITY if options.objectives else None
    others = [BEFORE] if earlier else None
    refuse(held.requirements, names, others=others, deadline=bool(options.deadlines), only=only)
    if earlier or held.requirements:  # those of its own command took other services for their measure
        run = run.model_copy(update={"options": options.model_copy(update={"requirements": held.texts})})
    if earlier:
        return _two(earlier[0], run, place, held)
    judged(run)  # raises ValueError if the file has something else than requirements

    def say(telling: Telling) -> int:
        if run.stalls:
            show_stalls(telling.screen, run, details=telling.details)
        elif options.objectives:
            show_capacities(telling.screen, run, details=telling.details)
        else:
            show(telling.screen, run, rows(run), details=telling.details)
        return held.judge(telling.screen, run) if held.requirements or held.markdown else VERDICT

    return Told({options.scenario: run}, say, lambda: draw_comparison(run, place, trace=trace))


def _two(before: Results, after: Results, place: Path, held: Gate) -> Told:
    refuse_others(before.options, after.options)

    def say(telling: Telling) -> int:
        screen = telling.screen
        show_before_after(screen, before, after, details=telling.details)
        answers = judged_since(before, after, held.texts)
        summarize = partial(markdown.write_before_after, before, after, answers)
        return held.told(screen, after, answers, VERDICT, summarize)

    def draw() -> Sequence[Path]:
        from loadtest.report import write  # noqa: PLC0415 - this import takes half a second

        return [write.write_before_after(before, after, place)]

    found = changes(rows(before), rows(after))
    return Told({BEFORE: before, "after": after}, say, draw, conclusion(found), found)


def _place(asked: Path | None, default: Path, read: Sequence[Path], *, trace: bool = False) -> Path:
    """Return the path of the report. Raises Mistake if it is a folder, or a file that the report is read from."""
    if asked is not None:
        folder(str(asked.parent))
        if asked.is_dir():
            raise Mistake(f"--out takes a file; {str(asked)!r} is a folder.")
    place = asked or default
    for path in (place, place.with_name(TRACE)) if trace else (place,):
        _keep(path, read, "; choose another --out")
    return place


def _keep(path: Path, read: Sequence[Path], advice: str = "") -> None:
    """Raise Mistake if a file that is to be written is one that the report is read from."""
    if path.exists() and any(path.samefile(each) for each in read):
        raise Mistake(f"{path} would be overwritten{advice}.")
