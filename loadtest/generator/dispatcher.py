"""The users that Locust's master gives to each worker."""

from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import Any

from locust.dispatch import UsersDispatcher


class EvenDispatcher(UsersDispatcher):
    """A dispatcher that spreads the users of each service evenly over the workers.

    Locust's own takes workers and user classes in turn: with two of each, each service has all its users on a worker of
    its own, and what slows this worker down looks like the service.
    """

    @property
    def plan(self) -> Mapping[str, Mapping[str, int]]:
        """The number of users by worker and by the name of their class, as far as they have been sent out."""
        return self._users_on_workers

    def _worker_for(self, name: str, plan: Mapping[str, Mapping[str, int]]) -> Any:
        """Return the worker with the fewest users of a class, and of these the one with the fewest users."""
        return min(self._worker_nodes, key=lambda worker: (plan[worker.id][name], sum(plan[worker.id].values())))

    def _add_users_on_workers(self) -> dict[str, dict[str, int]]:
        ahead = self._target_user_count - self._current_user_count
        for name in islice(self._user_generator, min(self._user_count_per_dispatch_iteration, ahead)):
            if not name:
                self._no_user_to_spawn = True
                break
            worker = self._worker_for(name, self._users_on_workers)
            self._users_on_workers[worker.id][name] += 1
            self._current_user_count += 1
            self._active_users.append((worker, name))
        return self._users_on_workers

    def _distribute_users(
        self, target_user_count: int
    ) -> tuple[dict[str, dict[str, int]], Iterator[str | None], "cycle[Any]", list[tuple[Any, str]]]:
        """Return the plan, and what goes on with it, for `target_user_count` users who start from none."""
        names, active = self._user_gen(), []
        plan = {worker.id: {each.__name__: 0 for each in self._original_user_classes} for worker in self._worker_nodes}
        for name in islice(names, target_user_count):
            if not name:
                break
            worker = self._worker_for(name, plan)
            plan[worker.id][name] += 1
            active.append((worker, name))
        return plan, names, cycle(self._worker_nodes), active
