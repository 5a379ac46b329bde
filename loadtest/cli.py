"""The command sync-vs-async: each of its commands is checked as a whole before anything is run."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from loadtest.measure.comparison import Comparison
from loadtest.processes.stack import parts, twins
from loadtest.race.command import race
from loadtest.results.schema import FILE, load
from loadtest.results.suite import WAYS, is_lineup, load_all
from loadtest.results.suite import options as way_options
from loadtest.terminal.progress import console
from loadtest.verdict.before_after import refuse_others
from serving.serve import raise_descriptors

from .asked import (
    Mistake,
    contenders,
    folder,
    options,
    refuse_sizes,
    refuse_too_many_connections,
    refuse_twice,
    results_file,
    services,
)
from .commands import (
    LINEUP,
    compare,
    draw_lineup,
    draw_one,
    draw_two,
    lineup,
    report,
    serve_all,
    trace_beside,
)
from .words import parser as words

FEWEST_LANES, MOST_LANES = 2, 3
"""Of a race: as many as there is room for on its page."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    parser = words(
        {
            "serve": _prepare_serve,
            "report": _prepare_report,
            "race": _prepare_race,
            "compare": _prepare_compare,
            "lineup": _prepare_lineup,
        }
    )
    given = parser.parse_args(arguments)
    given.command = ["sync-vs-async", *(sys.argv[1:] if arguments is None else arguments)]
    try:
        run: Callable[[], int] = given.prepare(given)
    except (Mistake, ValueError) as mistake:
        parser.error(str(mistake))
    raise_descriptors()
    sys.exit(run())


def _prepare_compare(given: argparse.Namespace) -> Callable[[], int]:
    comparison = Comparison(contenders(given), options(given), given.command)
    if "database" in comparison.needs and not os.environ.get("DATABASE_URL"):
        refuse_too_many_connections(comparison.services)
    drawn = partial(draw_one, trace=given.trace, opened=given.open)
    return partial(compare, comparison, folder(given.out), console(), drawn)


def _prepare_lineup(given: argparse.Namespace) -> Callable[[], int]:
    chosen = services(given.services)
    refuse_twice(chosen, "compared")
    refuse_sizes(given.seconds, given.repeats)
    comparisons = {
        way: Comparison([*chosen], way_options(way, given.seconds, given.repeats), given.command) for way in WAYS
    }
    return partial(lineup, comparisons, folder(given.out), console(), partial(draw_lineup, opened=given.open))


def _prepare_lineup_report(given: argparse.Namespace) -> Callable[[], int]:
    found = Path(given.results[0])
    measured = load_all(found)
    if given.trace:
        raise Mistake("--trace takes the results of compare.")
    out = _place(given.out, found / LINEUP, [found / way / FILE for way in measured])
    return partial(report, partial(draw_lineup, out, measured, opened=given.open), console())


def _prepare_report(given: argparse.Namespace) -> Callable[[], int]:
    if len(given.results) == 1 and is_lineup(Path(given.results[0])):
        return _prepare_lineup_report(given)
    paths = [results_file(text) for text in given.results]
    runs = [load(path) for path in paths]
    if len(runs) > 2:
        raise Mistake(f"report takes one results file, or two to draw one over the other; got {len(runs)}.")
    if given.trace and len(runs) == 2:
        raise Mistake("--trace takes one results file.")
    out = _place(
        given.out,
        paths[-1].with_name("report.html" if len(runs) == 1 else "before-after.html"),
        paths,
        trace=given.trace,
    )
    if len(runs) == 2:
        refuse_others(*runs)
    if len(runs) == 1:
        return partial(report, partial(draw_one, out, runs[0], trace=given.trace, opened=given.open), console())
    return partial(report, partial(draw_two, out, runs[0], runs[1], opened=given.open), console())


def _place(asked: str | None, default: Path, read: Sequence[Path], *, trace: bool = False) -> Path:
    """Where a report goes, which is not over what it is read from."""
    out = default
    if asked is not None:
        out = Path(asked)
        folder(str(out.parent))
        if out.is_dir():
            raise Mistake(f"--out takes a file; {asked!r} is a folder.")
    for path in (out, trace_beside(out)) if trace else (out,):
        if path.exists() and any(path.samefile(each) for each in read):
            raise Mistake(f"{path} would be written over.")
    return out


def _prepare_serve(given: argparse.Namespace) -> Callable[[], int]:
    if given.services is None:
        return partial(serve_all, twins(), console())
    chosen = services(given.services)
    refuse_twice(chosen, "served")
    return partial(serve_all, parts(chosen), console())


def _prepare_race(given: argparse.Namespace) -> Callable[[], int]:
    chosen = services(given.services)
    refuse_twice(chosen, "in a race")
    if not FEWEST_LANES <= len(chosen) <= MOST_LANES:
        raise Mistake(f"A race takes {FEWEST_LANES} or {MOST_LANES} services; got {len(chosen)}.")
    return partial(serve_all, race(chosen), console())
