"""Starting and stopping the race, by Locust's own runner: what its web UI starts is a race, too."""

import time
from collections.abc import Sequence
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_CLEANUP, STATE_RUNNING, STATE_SPAWNING, LocalRunner

from loadtest.generator.users import TwinUser, WaitingUser
from loadtest.race import captions
from loadtest.workload.durations import seconds
from loadtest.workload.scenarios import ABOUT

from .racers import Racer
from .request import SHORTEST, Wish

LASTS = 600.0
"""Seconds after which a race ends by itself."""

PER_SECOND = 1000
"""Users that start in one second, for making them takes time; as many leave at once, and the next after them."""

LOOK_EVERY = 0.5
"""Seconds between two looks at a race that goes on."""

STATES = {STATE_SPAWNING: captions.STARTING, STATE_RUNNING: captions.RUNNING, STATE_CLEANUP: captions.STOPPING}
"""Locust's; every other is one in which nothing goes on."""


class NotNow(Exception):
    """A start that has to wait; the message says for what."""


class Control:
    """The race that Locust's runner runs."""

    def __init__(
        self, environment: Environment, racers: Sequence[Racer], user_classes: Sequence[type[TwinUser]]
    ) -> None:
        """Listen to the runner; nothing is started. `user_classes` are those of the racers, in their order."""
        assert isinstance(environment.runner, LocalRunner)
        self.changed = 0.0
        """When the run began, or what it asks for last changed (perf_counter)."""
        self.there = 0.0
        """When all its users were there (perf_counter)."""
        self.gave_up = False
        """Whether the last stop gave up on answers: the services may be busy with requests that nobody waits for."""
        self.ends: float | None = None
        """When it ends by itself (perf_counter); None where it does not."""
        self._environment = environment
        self._options: Any = environment.parsed_options
        self._runner = environment.runner
        self._racers = racers
        self._user_classes = user_classes
        self._wish: Wish | None = None
        self._own_tasks: dict[type[TwinUser], list[Any]] = {}
        self._keeper: gevent.Greenlet[..., None] | None = None
        self._stops = 0.0
        for event, listener in (
            (environment.events.test_start, self._on_start),
            (environment.events.spawning_complete, self._on_there),
            (environment.events.test_stopping, self._on_stopping),
            (environment.events.test_stop, self._on_stop),
        ):
            event.add_listener(listener)  # type: ignore[no-untyped-call] # Locust types it not

    @property
    def state(self) -> str:
        """What is going on: ready, starting, running or stopping."""
        return STATES.get(self._runner.state, captions.READY)

    @property
    def scenario(self) -> str | None:
        """What is asked for; None where it is several things."""
        tasks = {task.__name__ for each in self._racing() for task in each.tasks}
        name = next(iter(tasks)) if len(tasks) == 1 else None
        return name if name in ABOUT else None

    @property
    def delay(self) -> str:
        """How long each request waits, as it was typed."""
        return str(self._options.delay)

    @property
    def wait(self) -> float | None:
        """The same in seconds; None where it is too short or no delay at all."""
        try:
            wait = seconds("delay", self.delay)
        except ValueError:
            return None
        return wait if wait >= SHORTEST else None

    @property
    def think(self) -> float:
        """Seconds between an answer and the next request."""
        return float(self._options.think)

    @property
    def users(self) -> int:
        """Users of each racer, once all are there."""
        return self._runner.target_user_count // max(1, len(self._racing()))

    def everyone(self) -> list[list[WaitingUser]]:
        """The users of each racer that are there now."""
        by_class: dict[type, list[WaitingUser]] = {user_class: [] for user_class in self._user_classes}
        for greenlet in list(self._runner.user_greenlets):
            for user in greenlet.args:  # none, of one that is over
                if type(user) in by_class:
                    by_class[type(user)].append(user)
        return list(by_class.values())

    def start(self, wish: Wish) -> None:
        """Start a run, or make the one that goes on into this one. Nobody is waited for.

        Raises:
            NotNow: where the one before has not ended, or cannot be made into this one.

        """
        goes_on = self.state != captions.READY
        if self.state == captions.STOPPING:
            raise NotNow("The run before still waits for its last answers: start again when it has stopped.")
        if goes_on and set(self._racing()) != set(self._user_classes):  # Locust cannot add others to a run
            raise NotNow("A run without some of the services is going on: stop it first.")
        self._wish = wish
        self._options.delay, self._options.think, self._options.stagger = wish.delay, 0.0, wish.wait
        if goes_on:
            self.changed = time.perf_counter()
            self._choose(wish.scenario)
        else:
            self._environment.host = ""
            self._environment.user_classes = list(self._user_classes)
            for user_class, racer in zip(self._user_classes, self._racers, strict=True):
                user_class.host = racer.url  # Locust's own page may have sent everyone elsewhere
        self.ends = time.perf_counter() + LASTS
        if self._keeper is None:
            self._keeper = gevent.spawn(self._keep)
        self._runner.start(wish.users * len(self._racers), spawn_rate=PER_SECOND)

    def stop(self) -> None:
        """Ask all users to leave, each with its last answer. Nobody is waited for."""
        if self.state in (captions.STARTING, captions.RUNNING):
            gevent.spawn(self._runner.stop)

    def _keep(self) -> None:
        """End the race when its time is over; until then, see that there are as many users as there are to be.

        Locust takes users who are about to leave for users who stay.
        """
        while self.ends is not None and time.perf_counter() < self.ends:
            gevent.sleep(LOOK_EVERY)
            wanted = self._runner.target_user_count
            if self.state == captions.RUNNING and self._runner.user_count < wanted:
                self._runner.start(wanted, spawn_rate=PER_SECOND)
        self.stop()

    def _racing(self) -> list[Any]:
        return [each for each in self._environment.user_classes if each in self._user_classes]

    def _choose(self, scenario: str) -> None:
        for user_class in self._user_classes:
            self._own_tasks.setdefault(user_class, user_class.tasks)
            user_class.tasks = [TwinUser.task_for(scenario)]

    def _on_start(self, **_event: Any) -> None:
        """After Locust has chosen tasks by its tags, which it does once, and before users come."""
        self.changed = time.perf_counter()
        if self._wish is not None:
            self._choose(self._wish.scenario)

    def _on_there(self, **_event: Any) -> None:
        self.there = time.perf_counter()

    def _on_stopping(self, **_event: Any) -> None:
        self._stops = time.perf_counter()

    def _on_stop(self, **_event: Any) -> None:
        """Leave Locust's own page as it was."""
        self.gave_up = time.perf_counter() - self._stops >= self._environment.stop_timeout > 0
        self._wish = self.ends = None
        if self._keeper is not None:
            self._keeper.kill(block=False)
            self._keeper = None
        for user_class, tasks in self._own_tasks.items():
            user_class.tasks = tasks
        self._own_tasks.clear()
