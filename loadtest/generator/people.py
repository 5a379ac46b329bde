"""Start and stop the users of one load generator with Locust's runner."""

import time
from itertools import count
from pathlib import Path

import gevent
from locust.env import Environment
from locust.rpc import Message
from locust.runners import WorkerNode, WorkerRunner

from .dispatcher import EvenDispatcher
from .orders import Job, Order
from .own_users import OwnUsers, Refused

POLL = 0.01
"""Seconds between two looks at users who start or stop, or at requests that end."""


class People:
    """The users of an environment. `own`: those of a locustfile, or None."""

    def __init__(self, environment: Environment, job: Job, own: OwnUsers | None) -> None:
        assert environment.runner is not None
        self._environment, self._job, self._own = environment, job, own
        self._runner = environment.runner
        self._spawns = count(1)

    def become(self, users: int, order: Order) -> None:
        """Start or stop users until this generator has its share of `users`.

        Users of a locustfile may leave by themselves, and those who stay may take up to the order's patience to begin.
        Raises Refused if all of them leave at once.
        """
        self._spawn(users, order)
        if self._own is None:
            here = order.share.part(users)
            while self._runner.user_count != here:
                gevent.sleep(POLL)
            return
        until = time.perf_counter() + order.patience
        spawning = self._runner.spawning_greenlet
        while (spawning or self._own.arrived < self._runner.user_count) and time.perf_counter() < until:
            gevent.sleep(POLL)
        if not self._runner.user_count and order.share.part(users):
            why = ", ".join(self._own.raised) or "each raised StopUser or failed in its __init__"
            raise Refused(f"{Path(self._job.locustfile or '').name}: no user stayed to begin a task: {why}.")

    def _spawn(self, users: int, order: Order) -> None:
        """Order this generator's share of `users` from Locust, which also stops users at this rate."""
        if not isinstance(self._runner, WorkerRunner):
            self._runner.start(users, spawn_rate=max(users, self._runner.user_count))
            return
        # as a master would; its own dispatcher would move users to other workers in the middle of a step
        nodes = [WorkerNode(f"{place:06}") for place in range(order.share.of)]
        dispatcher = EvenDispatcher(nodes, self._environment.user_classes)
        dispatcher.new_dispatch(users, spawn_rate=max(users, 1))
        here = next(dispatcher)[nodes[order.share.place].id]
        spawn = {
            "timestamp": next(self._spawns),
            "user_classes_count": here,
            "host": None,
            "stop_timeout": self._environment.stop_timeout,
            "parsed_options": {},
        }
        WorkerRunner.handle_message(self._runner, Message("spawn", spawn, self._runner.client_id))  # type: ignore[no-untyped-call] # untyped in Locust
