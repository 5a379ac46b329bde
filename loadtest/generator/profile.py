"""The scenario and the arrivals that the options of a Locust profile ask for.

Users send the requests of the scenario that is chosen, which may change during a run. With a rate, requests of every
service arrive at this rate. All services get the very same arrivals. The users of a service are then its clients, who
take the arrivals in turn. Arrivals begin once all users have started. They begin anew if their options change during a
run, if users leave, each of whom may have taken an arrival that is not due yet, and if Locust's workers come or go.

Each of several workers sends its share of the arrivals (see shares.py). A master sends none.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import repeat
from math import inf
from time import perf_counter
from typing import Any

from gevent.event import Event
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtest.workload.open import MOST, Open

from .arrivals import Arrival, Schedule
from .options import check, open_load, scenarios
from .shares import Shares
from .users import TwinUser, WaitingUser, seconds_until

AHEAD = 0.1
"""Seconds from the beginning of the arrivals until the first may be due, in which all clients take theirs."""


class ChangingSchedule(Schedule):
    """A schedule that begins late and can begin anew. Clients wait in `take`, from which a change wakes them."""

    def __init__(self, patience: float, clients: int) -> None:
        super().__init__(repeat(inf), patience, clients)  # nothing arrives before it begins
        self._changed = Event()
        self._taken = 0
        """The arrivals that were due and were taken."""
        self._seen: deque[float] = deque()
        """The intended starts (perf_counter) that were looked at, but not taken: those overdue, and one more."""

    def begin(self, offsets: Iterator[float]) -> None:
        """Replace the arrivals that are not due yet: `offsets` count from now on."""
        now = perf_counter()
        self.due(now)
        self._seen.pop()
        self._offsets, self.began = offsets, now + AHEAD
        changed, self._changed = self._changed, Event()
        changed.set()

    def due(self, clock: float) -> int:
        """Return how many arrivals were due until `clock` (perf_counter), whether they have been taken or not."""
        while not self._seen or self._seen[-1] <= clock:
            self._seen.append(self.began + next(self._offsets))
        return self._taken + len(self._seen) - 1

    def take(self) -> Arrival:
        """Wait until the next arrival is due, and return it."""
        while True:
            changed = self._changed
            intended = self._seen.popleft() if self._seen else self.began + next(self._offsets)
            left = seconds_until(intended)
            if not left or not changed.wait(None if left == inf else left):
                self._taken += 1
                return Arrival(intended, free=left > 0)


def follow_scenario(environment: Any) -> None:
    """Set the tasks of all users to the scenarios that the options choose, now and at each start or change of a run.

    Locust chooses tasks by tags only once, before the first run. The web UI first shows the scenario chosen now.
    """
    first = scenarios(vars(environment.parsed_options))[0]

    def choose(**_event: Any) -> None:
        tasks: list[Any] = [TwinUser.task_for(name) for name in scenarios(vars(environment.parsed_options))]
        for user_class in environment.available_user_classes.values():
            if issubclass(user_class, TwinUser):
                user_class.tasks = tasks

    def show(parser: Any) -> None:
        parser.set_defaults(scenario=first)

    choose()
    events.init_command_line_parser.add_listener(show)  # type: ignore[no-untyped-call] # Locust has no type for it
    for event in (environment.events.test_start, environment.events.spawning_complete):
        event.add_listener(choose)


class ProfileArrivals:
    """The arrivals that the options of a Locust environment ask for."""

    def __init__(self, environment: Environment) -> None:
        self.load: Open | None = None
        """The load of the run in progress; None without a run, or if users wait for their answers."""
        self._environment = environment
        self._shares = Shares(environment)
        self._begun: tuple[Open, int] | None = None
        """The load of the arrivals that have begun, and the number of the deal of their shares."""
        self._schedules: list[ChangingSchedule] = []
        self._user_classes: list[type[WaitingUser]] = []
        self._runs = False
        self._users = 0
        for event, listener in (
            (environment.events.test_start, self._on_start),
            (environment.events.spawning_complete, self._on_there),
            (environment.events.test_stop, self._on_stop),
        ):
            event.add_listener(listener)  # type: ignore[no-untyped-call] # Locust has no type for it

    def asked_for(self, changes: Mapping[str, Any] | None = None) -> Open | None:
        """Return the load that the options ask for, with `changes`, or None if users wait for their answers.

        Raises:
            ValueError: if an option is invalid; the message is one sentence.

        """
        options = {**vars(self._environment.parsed_options), **(changes or {})}
        check(options)
        return open_load(options)

    def refusal(self, load: Open | None) -> str | None:
        """Return why the run in progress, if there is one, cannot change to `load`, or None if it can."""
        if not self._runs or (load is None) == (self.load is None):
            return None
        has, asked = ("users", "arrivals") if load else ("arrivals", "users")
        return f"The run in progress has {has}, so it cannot change to {asked}; stop it first."

    def due(self, clock: float) -> int:
        """Return how many of this process's arrivals were due until `clock` (perf_counter) at each service."""
        return self._schedules[0].due(clock) if self._schedules else 0

    def _on_start(self, **_event: Any) -> None:
        self._runs = True
        self.load = self.asked_for()
        self._users, self._begun = 0, None
        if self.load is None or self._environment.runner is None or isinstance(self._environment.runner, MasterRunner):
            return
        self._user_classes = [each for each in self._environment.user_classes if issubclass(each, WaitingUser)]
        most = max(MOST, self._environment.runner.target_user_count)  # more clients may come
        for user_class in self._user_classes:
            user_class.schedule = ChangingSchedule(self.load.patience, most)
            self._schedules.append(user_class.schedule)

    def _on_there(self, user_count: int, **_event: Any) -> None:
        load = self.asked_for()
        if load is None or self.load is None:
            return
        self.load, asked = load, (load, self._shares.deal)
        if asked != self._begun or user_count < self._users or not self._users:
            self._begun = asked
            for user_class, schedule in zip(self._user_classes, self._schedules, strict=True):
                share = self._shares.arrivals(user_class)
                schedule.begin(load.schedule(1, share) if share else repeat(inf))
        self._users = user_count

    def _on_stop(self, **_event: Any) -> None:
        for user_class in self._user_classes:
            user_class.schedule = None
            if user_class.connections is not None:
                user_class.connections.close()
                user_class.connections = None
        self._schedules, self._user_classes, self.load, self._runs = [], [], None, False
        if isinstance(self._environment.runner, WorkerRunner):
            self._environment.stop_timeout = 0  # all users have left; a worker sleeps for so long before the next run
