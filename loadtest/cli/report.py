"""`sync-vs-async report`: draw the report of one run, or of two runs, from results files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from loadtest.processes import signals
from loadtest.results.schema import FILE, load
from loadtest.results.suite import is_lineup, load_all
from loadtest.results.waits import is_map, load_map
from loadtest.terminal.progress import console
from loadtest.verdict.aggregate import rows
from loadtest.verdict.before_after import nothing_to_tell, pairs, refuse_others
from serving.serve import raise_descriptors

from .lineup import PAGE, draw_lineup
from .map import PAGE as MAP_PAGE
from .map import draw_map
from .options import Command, Mistake, folder, mistakes, opened, traced
from .run import FAILED, TRACE, VERDICT, draw_comparison, drawn

EXAMPLES = """examples:
  sync-vs-async report results/latest                          draw its report.html again
  sync-vs-async report results/latest --open --trace           open it, and write trace.json for Perfetto
  sync-vs-async report before/results.json after/results.json  compare two runs
  sync-vs-async report results/2026-01-31T12-00-00             draw lineup.html or map.html, if lineup or map made it

exit status: 0 report drawn, 1 not drawn"""

Draw = Callable[[], Sequence[Path]]


@click.command(
    cls=Command,
    short_help="Draw the report of a run again, or compare two runs.",
    help="Draw the results of compare, lineup or map as one self-contained HTML file. RESULTS is a results.json file, "
    "its folder, or the folder of a line-up or of a map. With two results.json files, draw the first (before) and the "
    "second (after) in the same charts.",
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
@opened
@traced
def report(results: tuple[Path, ...], out: Path | None, *, opened: bool, trace: bool) -> int:
    """Draw the report, and return the exit status."""
    several = _several(results[0], out) if len(results) == 1 else None
    if trace and several:
        raise Mistake("--trace needs the results of compare, not of lineup or map.")
    with mistakes():
        draw = several or _comparisons(results, out, trace=trace)
    raise_descriptors()
    signals.raise_interrupts()
    try:
        return VERDICT if drawn(console(), draw, opened=opened) else FAILED
    except KeyboardInterrupt:
        return FAILED


def _several(found: Path, out: Path | None) -> Draw | None:
    """Return the function that draws a line-up or a map, or None if the folder has neither."""
    with mistakes():
        if is_lineup(found):
            measured, page, draw = load_all(found), PAGE, draw_lineup
        elif is_map(found):
            measured, page, draw = load_map(found), MAP_PAGE, draw_map
        else:
            return None
    place = _place(out, found / page, [found / name / FILE for name in measured])
    return lambda: draw(measured, place)


def _comparisons(results: Sequence[Path], out: Path | None, *, trace: bool) -> Draw:
    paths = [_file(path) for path in results]
    runs = [load(path) for path in paths]
    if len(runs) > 2:
        raise Mistake(f"report takes one results file, or two to compare; got {len(runs)}.")
    if trace and len(runs) == 2:
        raise Mistake("--trace takes one results file.")
    default = paths[-1].with_name("report.html" if len(runs) == 1 else "before-after.html")
    place = _place(out, default, paths, trace=trace)
    if len(runs) == 1:
        return lambda: draw_comparison(runs[0], place, trace=trace)
    refuse_others(*runs)
    if told := nothing_to_tell(pairs(*map(rows, runs))):
        console().print(told, markup=False, soft_wrap=True)

    def draw() -> Sequence[Path]:
        from loadtest.report import write  # noqa: PLC0415 - this import takes half a second

        return [write.write_before_after(runs[0], runs[1], place)]

    return draw


def _file(path: Path) -> Path:
    """Return the results file at `path`, or in the folder `path`. Raises Mistake if there is none."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise Mistake(f"There is no file {str(file)!r}.")
    return file


def _place(asked: Path | None, default: Path, read: Sequence[Path], *, trace: bool = False) -> Path:
    """Return the path of the report. Raises Mistake if it is a folder, or a file that the report is read from."""
    if asked is not None:
        folder(str(asked.parent))
        if asked.is_dir():
            raise Mistake(f"--out takes a file; {str(asked)!r} is a folder.")
    place = asked or default
    for path in (place, place.with_name(TRACE)) if trace else (place,):
        if path.exists() and any(path.samefile(each) for each in read):
            raise Mistake(f"{path} would be overwritten; choose another --out.")
    return place
