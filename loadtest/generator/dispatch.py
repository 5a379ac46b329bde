"""The distribution of users among load generators: each gets its part of the users of every service."""

from collections.abc import Iterator
from itertools import cycle

from locust.dispatch import UsersDispatcher
from locust.runners import WorkerNode

Users = dict[str, dict[str, int]]
"""The number of users by worker and user class."""


class EvenDispatcher(UsersDispatcher):
    """Locust's dispatcher, except that each worker gets its part of every user class.

    Locust itself deals user classes and workers in turn: of two services and two workers, each worker would load one.
    """

    def _add_users_on_workers(self) -> Users:
        """Add the users of one iteration to the workers, and return the users of each."""
        more = min(self._user_count_per_dispatch_iteration, self._target_user_count - self._current_user_count)
        added = self._deal(more, self._user_generator, self._users_on_workers)
        self._no_user_to_spawn = len(added) < more
        self._current_user_count += len(added)
        self._active_users += added
        return self._users_on_workers

    def _distribute_users(
        self, target_user_count: int
    ) -> tuple[Users, Iterator[str | None], "cycle[WorkerNode]", list[tuple[WorkerNode, str]]]:
        """Return the users of each worker if all were to start anew, as after a worker came or left."""
        users = {
            node.id: {user_class.__name__: 0 for user_class in self._original_user_classes}
            for node in self._worker_nodes
        }
        classes = self._user_gen()
        dealt = self._deal(target_user_count, classes, users)
        return users, classes, cycle(self._worker_nodes), dealt

    def _deal(self, number: int, classes: Iterator[str | None], users: Users) -> list[tuple[WorkerNode, str]]:
        """Add up to `number` users to `users`, each to the worker with the fewest of its class, and return them."""
        dealt: list[tuple[WorkerNode, str]] = []
        while len(dealt) < number and (name := next(classes)) is not None:
            node = min(self._worker_nodes, key=lambda node: (users[node.id][name], sum(users[node.id].values())))
            users[node.id][name] += 1
            dealt.append((node, name))
        return dealt
