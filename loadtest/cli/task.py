"""The task of a lesson: copy its starting point, give hints one at a time, and check what a learner's file does."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console

from backing import BackingFailed
from loadtest.lessons import done
from loadtest.lessons.catalogue import LESSONS
from loadtest.processes import signals

from .run import FAILED, INCONCLUSIVE, VERDICT

PROGRAM = "sync-vs-async"

FOLDER = Path("lessons")
"""The default folder of a learner."""

WRONG = 3
"""The exit status of a wrong number, and of a task that is not repaired yet."""


def _program() -> str:
    """Return what to type for this program: its name if the shell finds it, else its path beside the interpreter."""
    return PROGRAM if shutil.which(PROGRAM) else shlex.quote(os.path.relpath(Path(sys.executable).with_name(PROGRAM)))


def next_command(number: int | None, folder: Path, words: str = "") -> str:
    """Return the command to type next for a lesson, or for the list of all, in the learner's folder."""
    parts = [f"{_program()} lesson", "" if number is None else str(number), words]
    return " ".join([*filter(None, parts), *([] if folder == FOLDER else ["--folder", shlex.quote(str(folder))])])


def started(screen: Console, number: int, folder: Path) -> int:
    """Copy the starting point of a task into the folder, print what to do, and return the exit status."""
    from loadtest.exercises import tasks  # noqa: PLC0415 - it imports aiohttp and psycopg, which takes a third of a second

    path = tasks.start(number, folder)
    screen.print(tasks.TASKS[number].brief, markup=False)
    screen.print()
    following = next_command(number, folder, "--check")
    screen.print(f"Change {path} in your editor, then: {following}", markup=False, soft_wrap=True)
    return VERDICT


def hinted(screen: Console, number: int, folder: Path) -> int:
    """Print the next hint of a task, and return the exit status."""
    from loadtest.exercises import tasks  # noqa: PLC0415 - see above

    hints, slug = tasks.TASKS[number].hints, LESSONS[number - 1].slug
    shown = done.read(folder).hints.get(slug, 0)
    if shown >= len(hints):
        file = tasks.TASKS[number].file
        solution = tasks.WORKSHOP / "solutions" / file
        screen.print(f"There are no more hints; a solution is in {solution}.", markup=False, soft_wrap=True)
        return VERDICT
    screen.print(f"Hint {shown + 1} of {len(hints)}: {hints[shown]}", markup=False)
    done.write(folder, done.read(folder).hinting(slug))
    return VERDICT


def checked(screen: Console, number: int, folder: Path) -> int:
    """Run the learner's file, print what was seen, and return the exit status."""
    from loadtest.exercises import tasks  # noqa: PLC0415 - see above
    from loadtest.exercises.sandbox import Stopped  # noqa: PLC0415 - see above

    task, each = tasks.TASKS[number], LESSONS[number - 1]
    signals.raise_interrupts()
    try:
        with screen.status(f"Running {folder / task.file}"):
            seen = tasks.check(number, folder / task.file)
    except (KeyboardInterrupt, SystemExit):
        screen.print("Interrupted: nothing is checked.")
        return INCONCLUSIVE
    except Stopped as stop:
        screen.print(f"Not repaired yet: {stop}", markup=False)
        return WRONG
    except BackingFailed as error:
        print(f"sync-vs-async: {error}", file=sys.stderr)
        return FAILED
    for each_seen in seen:
        screen.print(f"{'yes' if each_seen.passed else 'no':4}{each_seen.sentence}", markup=False)
    if not all(each_seen.passed for each_seen in seen):
        hint = next_command(number, folder, "--hint")
        screen.print(f"Not repaired yet. One hint more: {hint}", markup=False, soft_wrap=True)
        return WRONG
    done.write(folder, done.read(folder).repairing(each.slug))
    screen.print(f"Repaired. To keep: {each.idea}", markup=False)
    following = next_command(number + 1 if number < len(LESSONS) else None, folder)
    screen.print(f"Next: {following}", markup=False, soft_wrap=True)
    return VERDICT
