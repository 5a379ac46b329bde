"""Steps that the commands share: run, save, print, draw, handle Ctrl-C, and choose the exit status."""

import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from rich.console import Console

from backing import BackingFailed
from backing.environment import backing
from loadtest.generator.driver import GeneratorFailed
from loadtest.measure.comparison import Comparison
from loadtest.processes import signals
from loadtest.processes.service import ServiceFailed
from loadtest.processes.stack import StackProcess, serve
from loadtest.results import atomic
from loadtest.results.schema import Results
from loadtest.terminal.progress import progress
from loadtest.verdict.aggregate import rows
from loadtest.verdict.comparison import conclusive
from serving.serve import raise_descriptors

from .telling import Telling

VERDICT, FAILED, INCONCLUSIVE = 0, 1, 2

TRACE = "trace.json"


def trusted(_screen: Console, measured: Mapping[str, Results]) -> int:
    """Return the exit status of complete runs: VERDICT, or INCONCLUSIVE if one of them is."""
    whole = all(conclusive(results, rows(results)) for results in measured.values())
    return VERDICT if whole else INCONCLUSIVE


class Show(Protocol):
    """A function that prints the results of one or more comparisons."""

    def __call__(self, out: Console, measured: Mapping[str, Results], /, *, details: bool) -> None:
        """Print the results to `out`."""


class Outcome(NamedTuple):
    """The functions that process the results of one or more comparisons, given by name."""

    save: Callable[[Mapping[str, Results], Path], Path]
    """Write the results into a new folder, and return the path for `sync-vs-async report`."""
    show: Show
    """Print the results, with `details` if they were asked for."""
    draw: Callable[[Mapping[str, Results], Path], Sequence[Path]]
    """Draw the results saved at a path, and return the files written."""
    judge: Callable[[Console, Mapping[str, Results]], int] = trusted
    """Return the exit status of a run that was neither interrupted nor failed; also called for those, after `show`."""
    headline: Callable[[Mapping[str, Results]], str] = lambda _: ""
    """Return what several comparisons show together."""


def run_all(
    comparisons: Mapping[str, Comparison], out: Path, telling: Telling, outcome: Outcome, *, opened: bool
) -> int:
    """Run comparisons one after the other; save, print and draw their results; return the exit status.

    The last line of the output is the path of the page.
    """
    screen = telling.screen
    raise_descriptors()
    signals.raise_interrupts()
    began = datetime.now().astimezone()
    ended, failure, name = VERDICT, None, ""
    measured: dict[str, Results] = {}
    every = comparisons.values()
    try:
        with (
            backing({need for each in every for need in each.needs}) as behind,
            progress(screen, sum(each.seconds for each in every), max(each.repeats for each in every)) as bar,
        ):
            for name, comparison in comparisons.items():
                bar.about = f"{name}: " if len(comparisons) > 1 else ""
                comparison.run(bar, behind)
                measured[name] = comparison.results(complete=True)
    except (KeyboardInterrupt, SystemExit):  # rich raises SystemExit if the pipe it prints to is closed
        ended = INCONCLUSIVE
    except (ServiceFailed, GeneratorFailed, BackingFailed) as error:
        said = comparisons[name].masked(str(error)) if name else str(error)
        ended, failure = FAILED, said.partition("\n")[0]
        print(f"sync-vs-async: {said}", file=sys.stderr)
    signals.ignore()  # no signal may keep the results from being written
    if name and name not in measured and comparisons[name].steps:
        measured[name] = comparisons[name].results(complete=False, failure=failure)
    if not measured:
        screen.print("Nothing was measured.")
        outcome.judge(
            screen, {each: comparisons[each].results(complete=False, failure=failure) for each in comparisons}
        )
        return telling.end(ended, {}, [])
    folder = _new_folder(out, f"{began:%Y-%m-%dT%H-%M-%S}")
    saved = outcome.save(measured, folder)
    outcome.show(screen, measured, details=telling.details)
    status = outcome.judge(screen, measured)
    logs = [atomic.write(folder / name, text) for each in every for name, text in each.logs.files().items()]
    files = [saved, *logs]
    for log in logs:
        screen.print(str(log), markup=False, soft_wrap=True)
    if ended == INCONCLUSIVE:  # drawing takes seconds, and the user wants to stop now
        screen.print(str(saved), markup=False, soft_wrap=True)
        screen.print(f"To draw the report: sync-vs-async report {saved}", markup=False, soft_wrap=True)
        return telling.end(ended, measured, files, outcome.headline(measured))
    pages = drawn(screen, lambda: outcome.draw(measured, saved), opened=opened)
    if pages is None:
        return telling.end(FAILED, measured, files, outcome.headline(measured))
    return telling.end(ended or status, measured, [*files, *pages], outcome.headline(measured))


def drawn(screen: Console, write: Callable[[], Sequence[Path]], *, opened: bool) -> Sequence[Path] | None:
    """Write the files of a report, the page first; print their paths, the page last, and open it.

    Return the paths, or None if a file could not be written.
    """
    try:
        with screen.status("Drawing the report"):
            paths = write()
    except OSError as error:
        cannot_be_written(error, "The report")
        return None
    if opened and not webbrowser.open(paths[0].resolve().as_uri()):
        screen.print("No browser could be opened.")
    for path in (*paths[1:], *paths[:1]):
        screen.print(str(path), markup=False, soft_wrap=True)
    return paths


def cannot_be_written(error: OSError, what: str) -> int:
    """Print that a file cannot be written, and return the exit status. `what`: the file, if the error names none."""
    print(f"sync-vs-async: {error.filename or what} cannot be written: {error.strerror}.", file=sys.stderr)
    return FAILED


def draw_comparison(results: Results, page: Path, *, trace: bool) -> Sequence[Path]:
    """Draw the report of one comparison, and with `trace` also trace.json beside it. Return the files written."""
    from loadtest.report import write  # noqa: PLC0415 - this import takes half a second

    drawn = [write.write_comparison(results, page)]
    return [*drawn, write.write_trace(results, page.with_name(TRACE))] if trace else drawn


def serve_until_stopped(processes: Sequence[StackProcess], screen: Console) -> int:
    """Run the processes until Ctrl-C or until one exits, and return the exit status."""
    raise_descriptors()
    try:
        serve(processes, screen)
    except (KeyboardInterrupt, SystemExit):  # see run_all
        return VERDICT
    except (ServiceFailed, BackingFailed) as error:
        print(f"sync-vs-async: {error}", file=sys.stderr)
        return FAILED


def _new_folder(out: Path, name: str) -> Path:
    """Create a folder of this name, with a number appended if a run of the same second already has it."""
    folder, number = out / name, 1
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            folder = out / f"{name}-{number}"
        else:
            return folder
