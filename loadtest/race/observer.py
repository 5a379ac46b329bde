"""One process's view of its own users: whom it has, what they have in flight, and what has ended."""

import time
from collections.abc import Sequence
from typing import Any

import psutil
from locust.env import Environment

from loadtest.generator.profile import ProfileArrivals
from loadtest.generator.users import GaveUp, TwinUser, WaitingUser
from loadtest.web_ui.racers import Racer
from loadtest.workload.demand import Demand
from loadtest.workload.scenarios import MIXED, POOLS, THREADS
from loadtest.workload.scenarios import demand as demand_of
from loadtest.workload.share import WHOLE, Share

from .choice import scenario_of, wait_of
from .flights import Flights
from .sample import MOST_DRAWN, Sample
from .tally import Tally
from .view import EVERY, LATE, PICTURES, Seen, View

ERRORS = 3
"""The most frequent errors of a racer that a view has."""


class Observer:
    """A maker of views of the users in this process, which are its share of all users.

    `racers` are the services; `user_classes` holds the user class of each, in the same order.
    """

    def __init__(
        self,
        environment: Environment,
        racers: Sequence[Racer],
        user_classes: Sequence[type[TwinUser]],
        arrivals: ProfileArrivals,
        share: Share = WHOLE,
    ) -> None:
        self.user_classes = user_classes
        self._environment = environment
        self._racers = racers
        self._arrivals = arrivals
        self._places = share.part(MOST_DRAWN)
        self._samples: list[Sample | Flights] = [Sample(self._places) for _ in racers]
        self._process = psutil.Process()
        self._gave_up: float | None = None
        """Time at which a client last gave up (perf_counter)."""
        self.begin(0)
        environment.events.request.add_listener(self._on_request)  # type: ignore[no-untyped-call] # untyped in Locust

    def begin(self, run: int) -> None:
        """Count anew, because a run starts or changes; `run`: its number."""
        self._run = run
        self._changed = time.perf_counter()
        self._tallies = {racer.name: Tally() for racer in self._racers}

    def view(self) -> View:
        """Return what this process sees now. From then on requests are drawn, until `look_away`."""
        clock = time.perf_counter()
        return View(
            run=self._run,
            age=clock - self._changed,
            racers=[self._seen(number, users, clock) for number, users in enumerate(self._everyone())],
            due=self._arrivals.due(clock),
            gave_up=None if self._gave_up is None else clock - self._gave_up,
            busy=self._process.cpu_percent() / 100,
        )

    def look_away(self) -> None:
        """Draw no requests until the next view, so that drawing costs nothing."""
        for sample in self._samples:
            sample.look_away()

    def _everyone(self) -> list[list[WaitingUser]]:
        """Return the present users of each racer."""
        assert self._environment.runner is not None
        by_class: dict[type, list[WaitingUser]] = {user_class: [] for user_class in self.user_classes}
        for greenlet in list(self._environment.runner.user_greenlets):
            for user in greenlet.args:  # empty once a greenlet has ended
                if type(user) in by_class:
                    by_class[type(user)].append(user)
        return list(by_class.values())

    def _seen(self, number: int, users: Sequence[WaitingUser], clock: float) -> Seen:
        racer, sample = self._racers[number], self._sample(number, users)
        tally = self._tallies[racer.name]
        asked = [user.asked_at for user in users if user.asked_at is not None]
        sample.look(users)
        moments = [clock - LATE - EVERY * (PICTURES - each) / PICTURES for each in range(1, PICTURES + 1)]
        wait = self._wait(racer)
        pictures = [sample.frame(moment, wait) for moment in moments]
        return Seen(
            users=len(users),
            in_flight=len(asked),
            old_in_flight=sum(each < self._changed for each in asked),
            ended=tally.ended,
            failed=tally.failed,
            old_ended=tally.old_ended,
            old_failed=tally.old_failed,
            latency=dict(tally.latency),
            failed_latency=dict(tally.failed_latency),
            errors=dict(tally.errors.most_common(ERRORS)),
            drawn=len(sample),
            pictures=pictures,
        )

    def _sample(self, number: int, users: Sequence[WaitingUser]) -> Sample | Flights:
        """Return what draws the requests of a racer, for the load of this run."""
        kind = Sample if self._arrivals.load is None else Flights
        if users and not isinstance(self._samples[number], kind):
            self._samples[number].look_away()
            self._samples[number] = kind(self._places)
        return self._samples[number]

    def _wait(self, racer: Racer) -> float | None:
        """Return how long a request waits once it has a connection or a thread, or None if it needs none."""
        options: Any = self._environment.parsed_options
        scenario, wait = scenario_of(self.user_classes), wait_of(str(options.delay))
        if scenario in (None, MIXED) or wait is None:
            return None
        known: Demand | None = demand_of(scenario, racer.service, wait)
        needs = known is not None and any(limit.name in (*POOLS, THREADS) for limit in known.limits)
        return known.wait if known is not None and needs else None

    def _on_request(self, name: str, response_time: float, exception: Exception | None = None, **_event: Any) -> None:
        clock = time.perf_counter()
        if isinstance(exception, GaveUp):
            self._gave_up = clock
        if (tally := self._tallies.get(name.partition(" ")[0])) is not None:
            old = clock - response_time / 1000 < self._changed
            tally.add(response_time, None if exception is None else str(exception), old=old)
