"""What the commands that measure and draw do alike: interrupt, save, show, draw, and the exit status."""

import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from backing import BackingFailed
from backing.environment import backing
from loadtest.generator.driver import GeneratorFailed
from loadtest.measure.comparison import Comparison
from loadtest.processes import signals
from loadtest.processes.service import ServiceFailed
from loadtest.processes.stack import StackProcess, serve
from loadtest.results.schema import Results
from loadtest.terminal.progress import progress
from loadtest.verdict.aggregate import rows
from loadtest.verdict.comparison import conclusive
from serving.serve import raise_descriptors

VERDICT, FAILED, INCONCLUSIVE = 0, 1, 2

TRACE = "trace.json"


class Outcome(NamedTuple):
    """What becomes of the results of one or more comparisons, which have names."""

    save: Callable[[Mapping[str, Results], Path], Path]
    """Write them into a new folder, and return what `sync-vs-async report` takes."""
    show: Callable[[Console, Mapping[str, Results]], None]
    """Print them."""
    draw: Callable[[Mapping[str, Results], Path], Sequence[Path]]
    """Draw what was saved at a path, and return the files."""


def run_all(
    comparisons: Mapping[str, Comparison], out: Path, screen: Console, outcome: Outcome, *, opened: bool
) -> int:
    """Run comparisons one after the other; save, show and draw what was measured; return the exit status."""
    raise_descriptors()
    signals.raise_interrupts()
    began = datetime.now().astimezone()
    ended, failure, name = VERDICT, None, ""
    measured: dict[str, Results] = {}
    every = comparisons.values()
    try:
        with (
            backing({need for each in every for need in each.needs}) as environment,
            progress(screen, sum(each.seconds for each in every), max(each.repeats for each in every)) as bar,
        ):
            for name, comparison in comparisons.items():
                bar.about = f"{name}: " if len(comparisons) > 1 else ""
                comparison.run(bar, environment)
                measured[name] = comparison.results(complete=True)
    except (KeyboardInterrupt, SystemExit):  # rich leaves so when nobody reads what it prints
        ended = INCONCLUSIVE
    except (ServiceFailed, GeneratorFailed, BackingFailed) as error:
        ended, failure = FAILED, str(error).partition("\n")[0]
        print(f"sync-vs-async: {error}", file=sys.stderr)
    signals.ignore()  # what has been measured is written, come what may
    if name and name not in measured and comparisons[name].steps:
        measured[name] = comparisons[name].results(complete=False, failure=failure)
    if not measured:
        screen.print("Nothing was measured.")
        return ended
    saved = outcome.save(measured, _new_folder(out, f"{began:%Y-%m-%dT%H-%M-%S}"))
    outcome.show(screen, measured)
    screen.print(f"\n{saved}", markup=False, soft_wrap=True)
    if ended == INCONCLUSIVE:  # whoever interrupts us has no time for pictures
        screen.print(f"sync-vs-async report {saved} draws it.", markup=False, soft_wrap=True)
    elif not drawn(screen, lambda: outcome.draw(measured, saved), opened=opened):
        return FAILED
    return ended or (
        VERDICT if all(conclusive(results, rows(results)) for results in measured.values()) else INCONCLUSIVE
    )


def drawn(screen: Console, write: Callable[[], Sequence[Path]], *, opened: bool) -> bool:
    """Write a report, say where its files are, and open the first; return whether it could be written."""
    try:
        with screen.status("Drawing the report"):
            paths = write()
    except OSError as error:
        print(f"sync-vs-async: {error.filename or 'The report'} cannot be written: {error.strerror}.", file=sys.stderr)
        return False
    for path in paths:
        screen.print(str(path), markup=False, soft_wrap=True)
    if opened and not webbrowser.open(paths[0].resolve().as_uri()):
        screen.print("No browser could be opened.")
    return True


def draw_comparison(results: Results, page: Path, *, trace: bool) -> Sequence[Path]:
    """Draw the report of one comparison, and beside it the trace of its first requests where that is wanted."""
    from loadtest.report import write  # noqa: PLC0415 - half a second, which nobody waits for who draws nothing

    drawn = [write.write_comparison(results, page)]
    return [*drawn, write.write_trace(results, page.with_name(TRACE))] if trace else drawn


def serve_until_stopped(processes: Sequence[StackProcess], screen: Console) -> int:
    """Serve until something ends it, and return the exit status."""
    raise_descriptors()
    try:
        serve(processes, screen)
    except (KeyboardInterrupt, SystemExit):  # as above
        return VERDICT
    except (ServiceFailed, BackingFailed) as error:
        print(f"sync-vs-async: {error}", file=sys.stderr)
        return FAILED


def _new_folder(out: Path, name: str) -> Path:
    """Make a folder of this name, with a number behind it where a run that began in the same second has one already."""
    folder, number = out / name, 1
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            folder = out / f"{name}-{number}"
        else:
            return folder
