"""The load generator: Locust as a library in its own process, one step at a time.

The process reads JSON lines from standard input: first a `Job`, then an `Order` per step (see driver.py). It writes
JSON lines to standard output: `{"event": "ready"}`, then for each order `opened`, `closed`, and `measured` with the
measurements.

In a closed model a window opens when some user completes a request and closes when that user completes a later one, so
it contains whole turns (request, response, think time). Users whose requests all wait equally long move in step, so a
window that cut a turn would count one request too many or too few for all of them. In an open model the schedule says
when it opens and closes, and `measured` follows when its requests have ended.
"""

import argparse
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import gevent
from gevent.event import Event
from locust.env import Environment

from loadtest.contenders.request import Expected, Request
from loadtest.contenders.target import Tls, context
from loadtest.results.exchange import Exchange
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from . import latency_buckets
from .arrivals import RecordedSchedule, figures
from .connections import Tally
from .driver import Job, Order
from .slow_clients import slow_clients
from .users import TargetUser, TwinUser, WaitingUser

FIRST = 100
"""Maximum number of first requests of a step that are recorded individually, in the order of sending."""

ROUNDS = 4
"""Recorded requests per user, on average, if users are few: min(FIRST, ROUNDS * users) are recorded."""

AHEAD, EACH = 0.05, 2e-4
"""Seconds from the start of all clients of an open load until the first request may be due, and for each client: all
take their first arrival at once."""

POLL = 0.01
"""Seconds between two looks at users who start or stop, or at requests that end."""

SLICES = 16
"""Slices into which a window is divided, which show whether it is steady."""


class Part(NamedTuple):
    """The numbers of one kind of request in Locust's statistics. `latency` as in Statistics."""

    requests: int
    failures: int
    latency: Mapping[float, int]

    def since(self, before: "Part") -> dict[str, Any]:
        """Return what has been added to another snapshot, by the names of the results."""
        requests, failures = self.requests - before.requests, self.failures - before.failures
        return {"requests": requests, "failures": failures, "latency": grown(before.latency, self.latency)}


@dataclass(frozen=True)
class Statistics:
    """A snapshot of Locust's statistics.

    `clock` and `process_cpu` are in seconds. `latency` maps response times in milliseconds to numbers of requests.
    """

    clock: float
    process_cpu: float
    requests: int
    failures: int
    response_ms: float
    latency: Mapping[float, int]
    errors: dict[str, int]
    service_times: Mapping[str, float]
    good: list[int]
    resent: int
    reconnected: int
    parts: Mapping[str, Part]


class Witness:
    """The sums of the times that users measured and the service reported, and the first requests of a step."""

    def __init__(self) -> None:
        self.sums = {"requests": 0.0, "response_ms": 0.0, "waited_ms": 0.0, "served_ms": 0.0, "received_ms": 0.0}
        self.deadlines: tuple[float, ...] = ()
        self.good: list[int] = []
        """The requests that were served within each deadline, since the step began."""
        self._first: list[Exchange] = []
        self._places: dict[WaitingUser, int] = {}
        self._began = 0.0
        self._most = 0

    def step(self, users: int) -> None:
        """Forget the requests of the step before, and record those of a step whose `users` users have all started."""
        self.good = [0] * len(self.deadlines)
        self._first.clear()
        self._places.clear()
        self._began = time.perf_counter()
        self._most = min(FIRST, ROUNDS * users)

    def asked(self, user: WaitingUser, sent: float) -> None:
        """Reserve a place for the request if it is one of the first."""
        if len(self._first) < self._most:
            self._places[user] = len(self._first)
            self._first.append(Exchange(sent))

    def answered(self, user: WaitingUser, exchange: Exchange, *, served: bool) -> None:
        """Add the exchange to the sums, and store it if its request has a place."""
        place = self._places.pop(user, None)
        if place is not None:
            self._first[place] = exchange
        assert exchange.ended is not None
        if served and self.deadlines:
            took = exchange.ended - exchange.sent
            self.good = [good + (took < each) for good, each in zip(self.good, self.deadlines, strict=True)]
        if exchange.timed:
            sums = self.sums
            sums["requests"] += 1
            sums["response_ms"] += (exchange.ended - exchange.sent) * 1000
            sums["waited_ms"] += exchange.waited * 1000
            sums["served_ms"] += exchange.served * 1000
            sums["received_ms"] += exchange.received * 1000

    def first(self) -> list[Exchange]:
        """Return the first requests, with their times in seconds since all users had started."""
        return [exchange.since(self._began) for exchange in self._first]


class Generator:
    """A load generator for one service."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._crowd = Event()
        self._witness = Witness()
        about = {"host": job.url, "service": job.name, "crowd": self._crowd, "watch": self._witness}
        if job.requests:
            checked = {"insecure": job.tls.insecure, "ssl_context_factory": partial(context, job.tls)}
            about |= {"requests": job.requests, **checked}
        user_class: Any = type("User", (TargetUser if job.requests else TwinUser,), about)
        self._user_class = user_class
        self._tally: Tally = user_class.tally
        self._options = argparse.Namespace(delay=job.delay, think=0.0, stagger=job.wait)
        self._environment = Environment(
            user_classes=[self._user_class],
            tags=None if job.requests else [job.scenario],
            parsed_options=self._options,
            stop_timeout=1,
        )
        self._runner = self._environment.create_local_runner()

    def measure(self, order: Order) -> dict[str, Any]:
        """Run one step, and return the measurements of its window.

        Bring the number of users to the step's by starting or stopping some, wait for the warm-up, then measure.
        """
        load = order.load
        self._options.think = load.think if isinstance(load, Closed) else 0.0
        self._options.delay = self._job.delay if order.delay is None else f"{order.delay:g}"
        self._options.stagger = self._job.wait if order.delay is None else order.delay
        self._witness.deadlines = order.deadlines
        return self._turns(order, load) if isinstance(load, Closed) else self._arrivals(order, load)

    def _turns(self, order: Order, load: Closed) -> dict[str, Any]:
        """Run a step of users who wait for their answers."""
        self._crowd.clear()
        self._people(load.users)
        self._witness.step(load.users)
        self._crowd.set()
        gevent.sleep(order.warmup)
        opened, user = self._at_completion(order.patience)
        tell({"event": "opened"})
        moments = self._slices(opened, opened.clock, order.window)
        closed, _ = self._at_completion(order.patience, user)
        tell({"event": "closed"})
        return {
            **self._between(opened, [*moments, closed]),
            "latency": grown(opened.latency, closed.latency),
            "parts": {name: part.since(opened.parts.get(name, Part(0, 0, {}))) for name, part in closed.parts.items()},
            "good": [after - before for before, after in zip(opened.good, closed.good, strict=True)],
            "unfinished": sum(
                user.hangs_since(opened.clock) for greenlet in self._runner.user_greenlets for user in greenlet.args
            ),
        }

    def _arrivals(self, order: Order, load: Open) -> dict[str, Any]:
        """Run a step of arrivals. They go on after the window until its last one has ended."""
        schedule = RecordedSchedule(load.schedule(order.repeat), load.patience, load.most_in_flight)
        self._user_class.schedule = schedule
        self._crowd.clear()
        self._people(schedule.clients)
        gc.collect()
        gc.freeze()  # else thousands of clients are searched for garbage again and again, for 0.1 s each time
        self._witness.step(schedule.clients)
        schedule.began = time.perf_counter() + AHEAD + EACH * schedule.clients
        begins = schedule.began + order.warmup
        ends = begins + order.window
        self._crowd.set()
        sleep_until(begins)
        opened = self._statistics()
        tell({"event": "opened"})
        moments = self._slices(opened, begins, order.window)
        closed = self._statistics()
        tell({"event": "closed"})
        while not schedule.has_ended(ends) and time.perf_counter() < ends + order.patience:
            gevent.sleep(POLL)
        arrivals = schedule.close(ends)
        self._people(0)
        gc.unfreeze()
        self._user_class.schedule = None
        self._user_class.connections.close()
        self._user_class.connections = None
        return {
            **self._between(opened, [*moments, closed]),
            **figures(arrivals, schedule, begins, order.window, order.deadlines),
            "unfinished": 0,
        }

    def _people(self, users: int) -> None:
        """Start or stop users until there are `users`."""
        self._runner.start(users, spawn_rate=max(users, self._runner.user_count))  # it also stops users at this rate
        while self._runner.user_count != users:
            gevent.sleep(POLL)

    def _slices(self, opened: Statistics, begins: float, window: float) -> list[Statistics]:
        """Wait for the end of a window, and return the statistics at its beginning and at the end of each slice."""
        moments = [opened]
        for number in range(1, SLICES):
            sleep_until(begins + window * number / SLICES)
            moments.append(self._statistics())
        sleep_until(begins + window)
        return moments

    def _between(self, opened: Statistics, moments: list[Statistics]) -> dict[str, Any]:
        """Return what has grown from the opening of a window until the last of some moments."""
        closed = moments[-1]
        return {
            "event": "measured",
            "opened": time.time() - (time.perf_counter() - opened.clock),
            "seconds": closed.clock - opened.clock,
            "requests": closed.requests - opened.requests,
            "failures": closed.failures - opened.failures,
            "response_ms": closed.response_ms - opened.response_ms,
            "errors": grown(opened.errors, closed.errors),
            "service_times": {name: told - opened.service_times[name] for name, told in closed.service_times.items()},
            "resent": closed.resent - opened.resent,
            "reconnected": closed.reconnected - opened.reconnected,
            "course": [
                {
                    "seconds": end.clock - begin.clock,
                    "requests": end.requests - begin.requests,
                    "response_ms": end.response_ms - begin.response_ms,
                }
                for begin, end in pairwise(moments)
            ],
            "first": self._witness.first(),
            "generator_cpu": (closed.process_cpu - opened.process_cpu) / (closed.clock - opened.clock),
        }

    def _at_completion(self, patience: float, of: WaitingUser | None = None) -> tuple[Statistics, WaitingUser | None]:
        """Return the statistics right after the next completed request, and the request's user.

        If `of` is given, wait for a request of this user. After `patience` seconds, return the current statistics.
        """
        completed = Event()
        taken: list[tuple[Statistics, WaitingUser | None]] = []

        def take(context: dict[str, WaitingUser], **_request: Any) -> None:
            if not taken and of in (None, context["user"]):
                taken.append((self._statistics(), context["user"]))
                completed.set()

        self._environment.events.request.add_listener(take)  # type: ignore[no-untyped-call] # untyped in Locust
        completed.wait(patience)
        self._environment.events.request.remove_listener(take)  # type: ignore[no-untyped-call] # see above
        return taken[0] if taken else (self._statistics(), None)

    def _statistics(self) -> Statistics:
        total = self._environment.stats.total
        return Statistics(
            clock=time.perf_counter(),
            process_cpu=time.process_time(),
            requests=total.num_requests,
            failures=total.num_failures,
            response_ms=total.total_response_time,
            latency={float(bucket): count for bucket, count in total.response_times.items()},
            errors=self._errors(),
            service_times=dict(self._witness.sums),
            good=[*self._witness.good],
            resent=self._tally.resent,
            reconnected=self._tally.reconnected,
            parts=self._parts() if len(self._job.requests) > 1 else {},
        )

    def _errors(self) -> dict[str, int]:
        """Return the errors by their text: Locust has an entry for each request too."""
        found = Counter[str]()
        for each in self._environment.stats.errors.values():
            found[str(each.error)] += each.occurrences
        return dict(found)

    def _parts(self) -> Mapping[str, Part]:
        entries = self._environment.stats.entries.values()
        known = {entry.name.removeprefix(f"{self._job.name} "): entry for entry in entries}
        return {
            each.label: Part(
                entry.num_requests, entry.num_failures, {float(key): n for key, n in entry.response_times.items()}
            )
            for each in self._job.requests
            if (entry := known.get(each.label))
        }


def grown(before: Mapping[Any, int], after: Mapping[Any, int]) -> dict[Any, int]:
    """Return the growth of each count that has grown."""
    return {key: count - before.get(key, 0) for key, count in after.items() if count > before.get(key, 0)}


def sleep_until(moment: float) -> None:
    """Sleep until `moment` (perf_counter)."""
    gevent.sleep(max(0.0, moment - time.perf_counter()))


def tell(event: dict[str, Any]) -> None:
    """Write one JSON line to the parent process."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def hear() -> dict[str, Any] | None:
    """Read one JSON line in a thread, while users continue; return None at the end of the input."""
    line = gevent.get_hub().threadpool.apply(sys.stdin.readline)
    return json.loads(line) if line else None


def received_job(job: dict[str, Any]) -> Job:
    """Return the job that a decoded line describes."""
    requests = tuple(
        Request(**{**each, "expected": Expected(**each["expected"]), "rows": tuple(each["rows"])})
        for each in job["requests"]
    )
    return Job(**{**job, "requests": requests, "tls": Tls(**job["tls"])})


def received(order: dict[str, Any]) -> Order:
    """Return the order that a decoded line describes."""
    load, deadlines = order["load"], tuple(order["deadlines"])
    kind = Open if load["kind"] == "open" else Closed
    return Order(**{**order, "load": kind(**load), "deadlines": deadlines})


def main() -> None:
    """Run the steps of one job."""
    latency_buckets.install()
    job = hear()
    if job is None:
        return
    generator = Generator(received_job(job))
    with slow_clients(job["url"], job["slow_clients"]):
        tell({"event": "ready"})
        while order := hear():
            tell(generator.measure(received(order)))


if __name__ == "__main__":
    main()
