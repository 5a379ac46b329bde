"""The task of a lesson: copy its starting point, give hints one at a time, and check what a learner's file does."""

from pathlib import Path

from rich.console import Console

from backing import BackingFailed
from loadtest.lessons import done
from loadtest.lessons.catalogue import LESSONS
from loadtest.lessons.done import Done
from loadtest.processes import signals

from .run import FAILED, INCONCLUSIVE, VERDICT

UNREPAIRED = 3
"""The exit status of a task that is not repaired yet."""


def started(screen: Console, number: int, folder: Path, _before: Done) -> int:
    """Copy the starting point of a task into the folder, print what to do, and return the exit status."""
    from loadtest.exercises import tasks  # noqa: PLC0415 - it imports aiohttp and psycopg, which takes a third of a second

    path = tasks.start(number, folder)
    screen.print(tasks.TASKS[number].brief, markup=False)
    screen.print()
    screen.print(f"Change {path} in your editor, then: sync-vs-async lesson {number} --check", markup=False)
    return VERDICT


def hinted(screen: Console, number: int, folder: Path, before: Done) -> int:
    """Print the next hint of a task, and return the exit status."""
    from loadtest.exercises import tasks  # noqa: PLC0415 - see above

    hints, slug = tasks.TASKS[number].hints, LESSONS[number - 1].slug
    shown = before.hints.get(slug, 0)
    if shown >= len(hints):
        file = tasks.TASKS[number].file
        screen.print(f"There are no more hints; a solution is in workshop/solutions/{file}.", markup=False)
        return VERDICT
    screen.print(f"Hint {shown + 1} of {len(hints)}: {hints[shown]}", markup=False)
    done.write(folder, before.hinting(slug))
    return VERDICT


def checked(screen: Console, number: int, folder: Path, before: Done) -> int:
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
        return UNREPAIRED
    except BackingFailed as error:
        screen.print(str(error), markup=False)
        return FAILED
    for each_seen in seen:
        screen.print(f"{'yes' if each_seen.passed else 'no':4}{each_seen.sentence}", markup=False)
    if not all(each_seen.passed for each_seen in seen):
        screen.print(f"Not repaired yet. One hint more: sync-vs-async lesson {number} --hint", markup=False)
        return UNREPAIRED
    done.write(folder, before.repairing(each.slug))
    screen.print(f"Repaired. To keep: {each.idea}", markup=False)
    following = f"sync-vs-async lesson {number + 1}" if number < len(LESSONS) else "sync-vs-async lesson"
    screen.print(f"Next: {following}", markup=False)
    return VERDICT
