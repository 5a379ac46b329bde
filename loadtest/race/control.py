"""Start and stop the race with Locust's own runner. A run started on Locust's web page is a race, too."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_CLEANUP, STATE_RUNNING, STATE_SPAWNING, STATE_STOPPING, LocalRunner, MasterRunner

from loadtest.generator.profile import ProfileArrivals
from loadtest.generator.users import TwinUser
from loadtest.race import captions
from loadtest.web_ui.racers import Racer
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from .choice import OPTIONS, OwnChoice, scenario_of, wait_of
from .generators import Generators
from .request import Wish

LASTS = 600.0
"""Seconds from the last start or change on the race page until the race stops by itself.

A run started on Locust's page does not stop by itself."""

PER_SECOND = 1000
"""Users started per second: all at once would block the process, because creating a user takes time. Locust also stops
users in batches of this size."""

LOOK_EVERY = 0.5
"""Seconds between two checks of a race in progress."""

CHANGED = (*OPTIONS, "delay", "think", "stagger", "rate", "arrivals", "seed")
"""The options that a start on the race page sets."""

STATES = {
    STATE_SPAWNING: captions.STARTING,
    STATE_RUNNING: captions.RUNNING,
    STATE_CLEANUP: captions.STOPPING,
    STATE_STOPPING: captions.STOPPING,
}
"""Race states by Locust state; every other Locust state means ready."""


class NotNow(Exception):
    """A start was refused for now; the message says what must happen first."""


class Control:
    """The race that Locust's runner runs.

    `racers` are the services; `user_classes` holds the user class of each, in the same order.
    """

    def __init__(
        self,
        environment: Environment,
        racers: Sequence[Racer],
        user_classes: Sequence[type[TwinUser]],
        arrivals: ProfileArrivals,
        generators: Generators,
    ) -> None:
        assert isinstance(environment.runner, LocalRunner | MasterRunner)
        self.changed = 0.0
        """Time of the run's start or last change (perf_counter)."""
        self.there = 0.0
        """Time at which all users had started (perf_counter)."""
        self.gave_up = False
        """True if the last stop timed out: services may still work on abandoned requests."""
        self.ends: float | None = None
        """Time at which the race stops by itself (perf_counter), or None if it does not."""
        self._environment = environment
        self._options: Any = environment.parsed_options
        self._runner = environment.runner
        self._racers = racers
        self._user_classes = user_classes
        self._arrivals = arrivals
        self._generators = generators
        self._wish: Wish | None = None
        self._own_choice = OwnChoice(self._options, user_classes)
        self._keeper: gevent.Greenlet[..., None] | None = None
        self._starter: gevent.Greenlet[..., None] | None = None
        self._stops: float | None = None
        """Time at which the run began to stop (perf_counter), or None if it does not."""
        for event, listener in (
            (environment.events.test_start, self._on_start),
            (environment.events.spawning_complete, self._on_there),
            (environment.events.test_stopping, self._on_stopping),
            (environment.events.test_stop, self._on_stop),
        ):
            event.add_listener(listener)  # type: ignore[no-untyped-call] # Locust has no type for it

    @property
    def state(self) -> str:
        """The state of the race: ready, starting, running or stopping."""
        if self._stops is not None:  # a master has stopped before all that belongs to the run is restored
            return captions.STOPPING
        return STATES.get(self._runner.state, captions.READY)

    @property
    def scenario(self) -> str | None:
        """The scenario of the run, or None if users request several or an unknown one."""
        return scenario_of(self._racing())

    @property
    def delay(self) -> str:
        """The delay of each request, as typed."""
        return str(self._options.delay)

    @property
    def wait(self) -> float | None:
        """The delay in seconds; None if it is too short or cannot be parsed."""
        return wait_of(self.delay)

    @property
    def load(self) -> Load:
        """The load of each racer, once all users have started."""
        users = self._runner.target_user_count // max(1, len(self._racing()))
        if (arrivals := self._arrivals.load) is not None:
            return replace(arrivals, clients=users)
        return Closed(users, float(self._options.think))

    def start(self, wish: Wish) -> None:
        """Start a run, or change the one in progress, and return at once.

        Raises:
            NotNow: if the previous run is stopping, or the one in progress cannot be changed.

        """
        goes_on = self.state != captions.READY
        if self.state == captions.STOPPING:
            raise NotNow("The previous run still waits for its last answers; start again when it has stopped.")
        if goes_on and set(self._racing()) != set(self._user_classes):  # Locust cannot add user classes to a run
            raise NotNow("The run in progress does not include all services, so it cannot be changed; stop it first.")
        arrivals = wish.load if isinstance(wish.load, Open) else None
        if refusal := self._generators.obstacle() or self._arrivals.refusal(arrivals):
            raise NotNow(refusal)
        self._own_choice.keep()
        self._wish, self._options.scenario = wish, wish.scenario
        self._options.tags = self._options.exclude_tags = None  # they may leave other scenarios
        self._options.delay, self._options.think, self._options.stagger = wish.delay, 0.0, wish.wait
        self._options.rate = arrivals.rate if arrivals else 0.0
        users = wish.load.most_in_flight
        if arrivals is not None:
            self._options.arrivals, self._options.seed = arrivals.arrivals, arrivals.seed
            if goes_on:  # clients who leave would take their next arrivals with them
                users = max(users, self.load.most_in_flight)
        if goes_on:
            self._environment.stats.reset_all()  # figures from before a change are not those of the new run
            self._own_choice.replace(wish.scenario)
            self._begin()
        else:
            self._environment.host = ""
            self._environment.user_classes = list(self._user_classes)
            for user_class, racer in zip(self._user_classes, self._racers, strict=True):
                user_class.host = racer.url  # Locust's own page may have set another host
        self.ends = time.perf_counter() + LASTS
        if self._keeper is None:
            self._keeper = gevent.spawn(self._keep)
        self._start(users * len(self._racers))

    def stop(self) -> None:
        """Request that all users leave after their last answer, and return at once."""
        if self.state in (captions.STARTING, captions.RUNNING):
            gevent.spawn(self._runner.stop)

    def _keep(self) -> None:
        """Stop the race when its time is over; until then, keep the number of users at its target.

        Locust counts users who are about to leave as users who stay, so after a quick decrease and increase it starts
        too few users. It may have shared users anew while a load generator was silent that still has its own, and this
        one has timed its own standstill: after that everything is counted anew.
        """
        awaited = False
        while self.ends is not None and time.perf_counter() < self.ends:
            gevent.sleep(LOOK_EVERY)
            before, awaited = awaited, self._generators.obstacle() is not None
            wanted = self._runner.target_user_count
            if self.state != captions.RUNNING or awaited:
                continue
            if before:
                self._begin()
            if before or self._runner.user_count < wanted:
                self._start(wanted)
        self.stop()

    def _start(self, users: int) -> None:
        """Have Locust start or stop users until there are `users`, and return at once, which a master does not."""
        if self._starter is not None:
            self._starter.kill()
        self._starter = gevent.spawn(self._runner.start, users, spawn_rate=PER_SECOND)

    def _begin(self) -> None:
        """Have everything counted anew, because the run starts or changes."""
        self.changed = time.perf_counter()
        options = vars(self._options)
        self._generators.begin(None if self._wish is None else {name: options[name] for name in CHANGED})

    def _racing(self) -> list[Any]:
        return [each for each in self._environment.user_classes if each in self._user_classes]

    def _on_start(self, **_event: Any) -> None:
        """Set the tasks of the requested scenario.

        This event comes before users start, and after Locust's only filtering of the tasks by tags, which would
        otherwise undo this.
        """
        if self._wish is not None:
            self._own_choice.replace(self._wish.scenario)
        self._begin()

    def _on_there(self, **_event: Any) -> None:
        self.there = time.perf_counter()

    def _on_stopping(self, **_event: Any) -> None:
        self._stops = time.perf_counter()
        if self._starter is not None:
            self._starter.kill()  # a master goes on to start users otherwise
            self._starter = None

    def _on_stop(self, **_event: Any) -> None:
        """Restore the scenarios and the tasks that Locust's own page uses."""
        if self._stops is not None:
            self.gave_up = time.perf_counter() - self._stops >= self._environment.stop_timeout > 0
        self._wish = self.ends = None
        if self._keeper is not None:
            self._keeper.kill(block=False)
            self._keeper = None
        self._own_choice.restore()
        gevent.spawn(self._settle)

    def _settle(self) -> None:
        """Wait until all load generators can start again."""
        self._generators.settle()
        self._stops = None
