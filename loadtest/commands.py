"""What the commands do, and the status that each ends with."""

import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from backing import BackingFailed
from backing.environment import backing
from loadtest.generator.driver import GeneratorFailed
from loadtest.measure.comparison import Comparison
from loadtest.processes import signals
from loadtest.processes.service import ServiceFailed
from loadtest.processes.stack import StackProcess, serve
from loadtest.results.schema import Results, save
from loadtest.results.suite import save_all
from loadtest.terminal.comparison import show
from loadtest.terminal.lineup import show_lineup
from loadtest.terminal.progress import progress
from loadtest.verdict.comparison import conclusive

VERDICT, FAILED, INCONCLUSIVE = 0, 1, 2

Draw = Callable[[Path, Results, Console], None]
"""Draws the report of results into a file, and says so."""

DrawAll = Callable[[Path, Mapping[str, Results], Console], None]
"""Draws the page of the line-up so."""

LINEUP = "lineup.html"


def serve_all(services: Sequence[StackProcess], screen: Console) -> int:
    """Serve until something ends it, and return the exit status."""
    try:
        serve(services, screen)
    except (KeyboardInterrupt, SystemExit):  # rich leaves so when nobody reads what it prints
        return 0
    except (ServiceFailed, BackingFailed) as error:
        print(f"sync-vs-async: {error}", file=sys.stderr)
        return FAILED


def compare(comparison: Comparison, out: Path, screen: Console, draw: Draw) -> int:
    """Run, write `results.json` and its report into a new folder of `out`, show it, and return the exit status."""
    signals.raise_interrupts()
    began = datetime.now().astimezone()
    ended, failure = VERDICT, None
    try:
        with backing(comparison.needs) as environment, progress(screen, comparison.seconds, comparison.repeats) as bar:
            comparison.run(bar, environment)
    except (KeyboardInterrupt, SystemExit):  # rich leaves so when nobody reads what it prints
        ended = INCONCLUSIVE
    except (ServiceFailed, GeneratorFailed, BackingFailed) as error:
        ended, failure = FAILED, str(error).partition("\n")[0]
        print(f"sync-vs-async: {error}", file=sys.stderr)
    signals.ignore()  # what has been measured is written, come what may
    if not comparison.steps:
        screen.print("Nothing was measured.")
        return ended
    results = comparison.results(complete=ended == VERDICT, failure=failure)
    path = save(results, _new_folder(out, f"{began:%Y-%m-%dT%H-%M-%S}"))
    show(screen, results)
    screen.print(f"\n{path}", markup=False, soft_wrap=True)
    if ended == INCONCLUSIVE:  # whoever interrupts us has no time for pictures
        screen.print(f"sync-vs-async report {path} draws it.", markup=False, soft_wrap=True)
    elif not _drawn(partial(draw, path.with_name("report.html"), results, screen)):
        return FAILED
    return ended or (VERDICT if conclusive(results) else INCONCLUSIVE)


def lineup(comparisons: Mapping[str, Comparison], out: Path, screen: Console, draw: DrawAll) -> int:
    """Run one after the other, write them and their page into a new folder of `out`, and return the exit status."""
    signals.raise_interrupts()
    began = datetime.now().astimezone()
    ended, failure = VERDICT, None
    seconds = sum(each.seconds for each in comparisons.values())
    measured: dict[str, Results] = {}
    last = ""
    try:
        with progress(screen, seconds, max(each.repeats for each in comparisons.values())) as bar:
            for last, comparison in comparisons.items():
                bar.about = f"{last}: "
                comparison.run(bar)
                measured[last] = comparison.results(complete=True)
    except (KeyboardInterrupt, SystemExit):  # rich leaves so when nobody reads what it prints
        ended = INCONCLUSIVE
    except (ServiceFailed, GeneratorFailed) as error:
        ended, failure = FAILED, str(error).partition("\n")[0]
        print(f"sync-vs-async: {error}", file=sys.stderr)
    signals.ignore()  # what has been measured is written, come what may
    if last not in measured and last and comparisons[last].steps:
        measured[last] = comparisons[last].results(complete=False, failure=failure)
    if not measured:
        screen.print("Nothing was measured.")
        return ended
    folder = _new_folder(out, f"{began:%Y-%m-%dT%H-%M-%S}")
    save_all(measured, folder)
    show_lineup(screen, measured)
    screen.print(f"\n{folder}", markup=False, soft_wrap=True)
    if ended == INCONCLUSIVE:  # as above
        screen.print(f"sync-vs-async report {folder} draws it.", markup=False, soft_wrap=True)
    elif not _drawn(partial(draw, folder / LINEUP, measured, screen)):
        return FAILED
    return ended or (VERDICT if all(conclusive(results) for results in measured.values()) else INCONCLUSIVE)


def _new_folder(out: Path, name: str) -> Path:
    """A folder of this name, with a number behind it where a run that began in the same second has one already."""
    folder, number = out / name, 1
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            folder = out / f"{name}-{number}"
        else:
            return folder


def report(draw: Callable[[Console], None], screen: Console) -> int:
    """Draw, and return the exit status."""
    signals.raise_interrupts()
    try:
        return VERDICT if _drawn(partial(draw, screen)) else FAILED
    except KeyboardInterrupt:
        return FAILED


def _drawn(draw: Callable[[], None]) -> bool:
    """Whether there was a place to draw into; if not, it has been said."""
    try:
        draw()
    except OSError as error:
        print(f"sync-vs-async: {error.filename or 'The report'} cannot be written: {error.strerror}.", file=sys.stderr)
        return False
    return True


def draw_one(path: Path, results: Results, screen: Console, *, trace: bool, opened: bool) -> None:
    """Write the report of one run to `path`, and its requests for Perfetto beside it if they are wanted; say where."""
    with screen.status("Drawing the report"):
        from loadtest.report import write  # noqa: PLC0415 - half a second, which nobody waits for who draws nothing

        drawn = write.write_comparison(results, path)
        traced = write.write_trace(results, trace_beside(path)) if trace else None
    _say(screen, drawn, opened=opened)
    if traced:
        _say(screen, traced)


def draw_two(path: Path, before: Results, after: Results, screen: Console, *, opened: bool) -> None:
    """Write the report of two runs to `path`, and say where it is."""
    with screen.status("Drawing the report"):
        from loadtest.report import write  # noqa: PLC0415 - as above

        drawn = write.write_before_after(before, after, path)
    _say(screen, drawn, opened=opened)


def draw_lineup(path: Path, measured: Mapping[str, Results], screen: Console, *, opened: bool) -> None:
    """Write the page of the line-up to `path`, and say where it is."""
    with screen.status("Drawing the page"):
        from loadtest.report import write  # noqa: PLC0415 - as above

        drawn = write.write_lineup(measured, path)
    _say(screen, drawn, opened=opened)


def _say(screen: Console, path: Path, *, opened: bool = False) -> None:
    screen.print(str(path), markup=False, soft_wrap=True)
    if opened and not webbrowser.open(path.resolve().as_uri()):
        screen.print("No browser could be opened.")


def trace_beside(report: Path) -> Path:
    """Where the trace of a report goes."""
    return report.with_name("trace.json")
