"""What the users of a run send: one scenario or several, with a delay."""

from collections.abc import Iterable
from typing import Any

from loadtest.workload.durations import seconds
from loadtest.workload.scenarios import RACED

from .request import SHORTEST


def scenario_of(user_classes: Iterable[Any]) -> str | None:
    """Return the scenario that all users of these classes send, or None if it is several or an unknown one."""
    tasks = {task.__name__ for each in user_classes for task in each.tasks}
    name = next(iter(tasks)) if len(tasks) == 1 else None
    return name if name in RACED else None


def wait_of(delay: str) -> float | None:
    """Return a delay in seconds; None if it is too short or cannot be parsed."""
    try:
        wait = seconds("delay", delay)
    except ValueError:
        return None
    return wait if wait >= SHORTEST else None
