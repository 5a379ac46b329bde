"""The choice of what the users of a run send, on Locust's page or on the race page: scenarios, and a delay."""

from collections.abc import Iterable, Sequence
from typing import Any

from loadtest.generator.users import TwinUser
from loadtest.workload.durations import seconds
from loadtest.workload.scenarios import RACED

from .request import SHORTEST

OPTIONS = ("scenario", "tags", "exclude_tags")
"""The options that choose scenarios."""


class OwnChoice:
    """The choice of Locust's own page, which is kept while a run of the race page has another."""

    def __init__(self, options: Any, user_classes: Sequence[type[TwinUser]]) -> None:
        self._options = options
        self._user_classes = user_classes
        self._kept: dict[str, Any] = {}
        self._tasks: dict[type[TwinUser], list[Any]] = {}

    def keep(self) -> None:
        """Keep the options as they are, unless they are kept already."""
        if not self._kept:
            self._kept = {name: getattr(self._options, name) for name in OPTIONS}

    def replace(self, scenario: str) -> None:
        """Have all users send one scenario."""
        for user_class in self._user_classes:
            self._tasks.setdefault(user_class, user_class.tasks)
            user_class.tasks = [TwinUser.task_for(scenario)]

    def restore(self) -> None:
        """Restore the options and the tasks."""
        vars(self._options).update(self._kept)
        for user_class, tasks in self._tasks.items():
            user_class.tasks = tasks
        self._kept.clear()
        self._tasks.clear()


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
