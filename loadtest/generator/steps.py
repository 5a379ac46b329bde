"""Run the steps of a job in this process: bring the users to the step's number, warm up, measure a window.

In a closed model a window opens when some user completes a request and closes when that user completes a later one, so
it contains whole turns (request, response, think time). Users whose requests all wait equally long move in step, so a
window that cut a turn would count one request too many or too few for all of them. In an open model the schedule says
when it opens and closes, and its requests end later.

The users of a locustfile may send several requests in a task, so for them a turn is a task and the wait after it.
"""

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import repeat
from math import inf
from pathlib import Path
from typing import Any

import gevent
import locust
from gevent.event import Event
from locust.env import Environment

from loadtest.contenders.quota import throttled
from loadtest.contenders.target import context
from loadtest.processes.clocks import core_time
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from . import own_users
from .arrivals import RecordedSchedule, figures
from .connections import Tally
from .orders import CLOSED, ENDED, GATHERED, OPENED, Job, Order
from .own_users import OwnUsers
from .parts import NOTHING, Part, fewer, grown
from .people import POLL, People
from .snapshots import Snapshots, Statistics
from .stalls import Stalls
from .users import TargetUser, TwinUser, WaitingUser
from .witness import Witness

AHEAD, EACH = 0.05, 2e-4
"""Seconds from the start of all clients of an open load until the first request may be due, and for each client: all
take their first arrival at once."""

SLICES = 16
"""Slices into which a window is divided, which show whether it is steady."""


def alone(_point: str) -> None:
    """Meet no other load generator."""


def environment() -> Environment:
    """Return an environment for one job, to which its users are added.

    Its events are those that a locustfile adds listeners to.
    """
    return Environment(events=locust.events, stop_timeout=1)


class Generator:
    """A load generator for one service.

    `environment`: one from `environment()` with its runner. `tell` gets the events of steps. `meet` waits, at a named
    point of a step, until all load generators have reached it.
    """

    def __init__(
        self,
        environment: Environment,
        job: Job,
        tell: Callable[[dict[str, Any]], None],
        meet: Callable[[str], None] = alone,
    ) -> None:
        assert environment.runner is not None
        self._environment = environment
        self._runner = environment.runner
        self._job = job
        self._tell = tell
        self._meet = meet
        self._crowd = Event()
        self._witness = Witness()
        self._stalls = Stalls()
        self._options = argparse.Namespace(delay=job.delay, think=0.0, stagger=job.wait)
        self._own: OwnUsers | None = None
        self.fewest = 1
        """The fewest users with whom each user class has some."""
        tally = Tally()
        if job.locustfile is None:
            self._user_class = self._prepared()
            tally = self._user_class.tally
            self._completed = environment.events.request
        else:
            self._own = self._theirs(Path(job.locustfile))
            self._completed = self._own.ended
        self._counts = Snapshots(job, environment.stats, self._witness, tally, self._own)
        self._people = People(environment, job, self._own)

    def _prepared(self) -> type[WaitingUser]:
        """Add users who send the requests of the job, or those of its scenario, and return their class."""
        job = self._job
        about = {"host": job.url, "service": job.name, "crowd": self._crowd, "watch": self._witness, "share": job.share}
        if job.requests:
            checked = {"insecure": job.tls.insecure, "ssl_context_factory": partial(context, job.tls)}
            about |= {"requests": job.requests, **checked}
        user_class: Any = type("User", (TargetUser if job.requests else TwinUser,), about)
        self._environment.user_classes = [user_class]
        self._environment.tags = None if job.requests else [job.scenario]
        self._environment.parsed_options = self._options
        return user_class  # type: ignore[no-any-return] # made of a subclass of WaitingUser

    def _theirs(self, path: Path) -> OwnUsers:
        """Add the users of a locustfile. Raises Refused if the file cannot be used."""
        found = self._environment
        classes = own_users.loaded(path, self._job.url, self._job.tls)
        self.fewest = own_users.fewest(classes)
        found.user_classes = classes
        found.parsed_options = own_users.options(self._job.url)
        found.events.request.add_listener(self._witness.counted)  # type: ignore[no-untyped-call] # untyped in Locust
        own = OwnUsers(path, self._crowd, lambda: self._options.stagger, self._job.share)
        found.events.init.fire(environment=found, runner=self._runner, web_ui=None)  # type: ignore[no-untyped-call] # see above
        return own

    def measure(self, order: Order) -> None:
        """Run one step, and tell the measurements of its window.

        Bring the number of users to the step's by starting or stopping some, wait for the warm-up, then measure.
        """
        load = order.load
        self._options.think = load.think if isinstance(load, Closed) else 0.0
        self._options.delay = self._job.delay if order.delay is None else f"{order.delay:g}"
        self._options.stagger = self._job.wait if order.delay is None else order.delay
        self._witness.deadlines = order.deadlines
        self._crowd.clear()
        if isinstance(load, Closed):
            self._turns(order, load)
        else:
            self._arrivals(order, load)

    def _turns(self, order: Order, load: Closed) -> None:
        """Run a step of users who wait for their answers."""
        self._people.become(load.users, order)
        patience = order.patience if order.share.part(load.users) else 0.0  # without users no request completes
        self._meet(GATHERED)
        self._begin(order)
        gevent.sleep(order.warmup)
        opened, user = self._at_completion(patience)
        with self._watched() as seen:
            moments = self._slices(opened, opened.clock, order.window)
            closed, _ = self._at_completion(patience, user)
        parts = {name: part.since(opened.parts.get(name, NOTHING)) for name, part in closed.parts.items()}
        if self._own is not None:  # what its users send when they start is over
            sent = {name: part for name, part in parts.items() if part.requests}
            parts = fewer(sent, Part.joined, lambda part: part.requests)
        turns = None
        if opened.spent is not None and closed.spent is not None:
            left = order.share.part(load.users) - self._runner.user_count
            turns = {**closed.spent.since(opened.spent), "left": left}
        self._tell(
            {
                **self._counts.between(opened, [*moments, closed]),
                **seen,
                "latency": grown(opened.latency, closed.latency),
                "parts": {name: part._asdict() for name, part in parts.items()},
                "good": [after - before for before, after in zip(opened.good, closed.good, strict=True)],
                "unfinished": self._hung_since(opened.clock),
                "turns": turns,
            }
        )

    def _hung_since(self, clock: float) -> int:
        if self._own is not None:
            return self._own.hung_since(clock)
        return sum(user.hangs_since(clock) for greenlet in self._runner.user_greenlets for user in greenlet.args)

    def _arrivals(self, order: Order, load: Open) -> None:
        """Run a step of arrivals. They go on after the window until its last one has ended, here and elsewhere."""
        sends = order.share.within(load.most_in_flight)
        offsets = load.schedule(order.repeat, sends) if sends else repeat(inf)
        if self._runner.user_count:  # users who wait for answers would take arrivals before the first is due
            self._people.become(0, order)
        schedule = RecordedSchedule(offsets, load.patience, order.share.part(load.most_in_flight))
        self._user_class.schedule = schedule
        self._people.become(load.most_in_flight, order)
        gc.collect()
        gc.freeze()  # else thousands of clients are searched for garbage again and again, for 0.1 s each time
        self._meet(GATHERED)
        schedule.began = time.perf_counter() + AHEAD + EACH * schedule.clients
        begins = schedule.began + order.warmup
        ends = begins + order.window
        self._begin(order)
        sleep_until(begins)
        opened = self._counts.take()
        with self._watched() as seen:
            moments = self._slices(opened, begins, order.window)
            closed = self._counts.take()
        while sends and not schedule.has_ended(ends) and time.perf_counter() < ends + order.patience:
            gevent.sleep(POLL)
        self._meet(ENDED)
        arrivals = schedule.close(ends)
        self._people.become(0, order)
        gc.unfreeze()
        self._user_class.schedule = None
        if self._user_class.connections is not None:
            self._user_class.connections.close()
            self._user_class.connections = None
        self._tell(
            {
                **self._counts.between(opened, [*moments, closed]),
                **seen,
                **figures(arrivals, schedule, begins, order.window, order.deadlines),
                "unfinished": 0,
            }
        )

    def _begin(self, order: Order) -> None:
        """Release all users to send their first requests, together with the users of the other load generators."""
        self._witness.step(time.perf_counter(), order.share)
        self._crowd.set()

    @contextmanager
    def _watched(self) -> Iterator[dict[str, Any]]:
        """Tell that a window opens, and that it closes at the exit. Yield what was seen of this process meanwhile."""
        seen: dict[str, Any] = {"users": [self._runner.user_count]}
        held_back, cores = throttled(), core_time()
        self._stalls.begin()
        self._tell({"event": OPENED})
        yield seen
        seen["stalled"] = self._stalls.longest()
        seen["throttled"] = throttled() - held_back
        spent = core_time().since(cores)
        seen["busy"] = spent.busy / spent.total if spent.total else 0.0
        seen["users"].append(self._runner.user_count)
        self._tell({"event": CLOSED})

    def _slices(self, opened: Statistics, begins: float, window: float) -> list[Statistics]:
        """Wait for the end of a window, and return the statistics at its beginning and at the end of each slice."""
        moments = [opened]
        for number in range(1, SLICES):
            sleep_until(begins + window * number / SLICES)
            moments.append(self._counts.take())
        sleep_until(begins + window)
        return moments

    def _at_completion(self, patience: float, of: WaitingUser | None = None) -> tuple[Statistics, WaitingUser | None]:
        """Return the statistics right after the next completed request, and the request's user.

        If `of` is given, wait for a request of this user. After `patience` seconds, return the current statistics.
        """
        completed = Event()
        taken: list[tuple[Statistics, WaitingUser | None]] = []

        def take(context: dict[str, WaitingUser], **_request: Any) -> None:
            if not taken and of in (None, context["user"]):
                taken.append((self._counts.whole(), context["user"]))
                completed.set()

        self._completed.add_listener(take)  # type: ignore[no-untyped-call] # untyped in Locust
        completed.wait(patience)
        self._completed.remove_listener(take)  # type: ignore[no-untyped-call] # see above
        return taken[0] if taken else (self._counts.whole(), None)


def sleep_until(moment: float) -> None:
    """Sleep until `moment` (perf_counter)."""
    gevent.sleep(max(0.0, moment - time.perf_counter()))
