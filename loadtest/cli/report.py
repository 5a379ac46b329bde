"""`sync-vs-async report`: the report of a run, or of two runs, drawn from their files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from loadtest.processes import signals
from loadtest.results.schema import FILE, load
from loadtest.results.suite import is_lineup, load_all
from loadtest.terminal.progress import console
from loadtest.verdict.before_after import refuse_others
from serving.serve import raise_descriptors

from .lineup import PAGE, draw_lineup
from .options import Command, Mistake, folder, mistakes, opened, traced
from .run import FAILED, TRACE, VERDICT, draw_comparison, drawn

EXAMPLES = """examples:
  sync-vs-async report results/latest                          its report.html, anew
  sync-vs-async report results/latest --open --trace           in a browser, and trace.json for Perfetto
  sync-vs-async report before/results.json after/results.json  one drawn over the other
  sync-vs-async report results/2026-01-31T12-00-00             the page of the line-up, of what lineup left there

exit status: 0 drawn, 1 not drawn"""

Draw = Callable[[], Sequence[Path]]


@click.command(
    cls=Command,
    short_help="Draw the report of a run again, or of two runs one over the other.",
    help="Draw what compare or lineup left as one HTML file, which needs nothing else to be read. RESULTS is "
    "results.json, or its folder, or that of a line-up; two results.json: before and after.",
    epilog=EXAMPLES,
)
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"Where it goes (default: report.html, before-after.html or {PAGE} beside the last RESULTS).",
)
@opened
@traced
def report(results: tuple[Path, ...], out: Path | None, *, opened: bool, trace: bool) -> int:
    """Draw, and return the exit status."""
    of_lineup = len(results) == 1 and is_lineup(results[0])
    with mistakes():
        draw = _lineup(results[0], out) if of_lineup else _comparisons(results, out, trace=trace)
    if trace and of_lineup:
        raise Mistake("--trace takes the results of compare.")
    raise_descriptors()
    signals.raise_interrupts()
    try:
        return VERDICT if drawn(console(), draw, opened=opened) else FAILED
    except KeyboardInterrupt:
        return FAILED


def _lineup(found: Path, out: Path | None) -> Draw:
    measured = load_all(found)
    place = _place(out, found / PAGE, [found / name / FILE for name in measured])
    return lambda: draw_lineup(measured, place)


def _comparisons(results: Sequence[Path], out: Path | None, *, trace: bool) -> Draw:
    paths = [_file(path) for path in results]
    runs = [load(path) for path in paths]
    if len(runs) > 2:
        raise Mistake(f"report takes one results file, or two to draw one over the other; got {len(runs)}.")
    if trace and len(runs) == 2:
        raise Mistake("--trace takes one results file.")
    default = paths[-1].with_name("report.html" if len(runs) == 1 else "before-after.html")
    place = _place(out, default, paths, trace=trace)
    if len(runs) == 1:
        return lambda: draw_comparison(runs[0], place, trace=trace)
    refuse_others(*runs)

    def draw() -> Sequence[Path]:
        from loadtest.report import write  # noqa: PLC0415 - half a second, which no refusal waits for

        return [write.write_before_after(runs[0], runs[1], place)]

    return draw


def _file(path: Path) -> Path:
    """Return a results file, or the one in a folder; a Mistake where there is none."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise Mistake(f"There is no file {str(file)!r}.")
    return file


def _place(asked: Path | None, default: Path, read: Sequence[Path], *, trace: bool = False) -> Path:
    """Return where a report goes, which is not over what it is read from."""
    if asked is not None:
        folder(str(asked.parent))
        if asked.is_dir():
            raise Mistake(f"--out takes a file; {str(asked)!r} is a folder.")
    place = asked or default
    for path in (place, place.with_name(TRACE)) if trace else (place,):
        if path.exists() and any(path.samefile(each) for each in read):
            raise Mistake(f"{path} would be written over.")
    return place
