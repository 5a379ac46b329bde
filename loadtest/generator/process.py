"""The load generator: Locust as a library in its own process, one step at a time.

The process reads JSON lines from standard input: first a `Job`, then an `Order` per step (see driver.py). It writes
JSON lines to standard output: `{"event": "ready"}`, then for each order `opened`, and `closed` with the measurements.
A window opens when some user completes a request and closes when that user completes a later one, so it contains whole
turns (request, response, think time). Users whose requests all wait equally long move in step, so a window that cut a
turn would count one request too many or too few for all of them.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment

from loadtest.results.exchange import Exchange
from loadtest.workload import Load

from . import latency_buckets
from .connections import Tally
from .driver import Job, Order
from .slow_clients import slow_clients
from .users import TargetUser, TwinUser, WaitingUser

FIRST = 100
"""Maximum number of first requests of a step that are recorded individually, in the order of sending."""

ROUNDS = 4
"""Recorded requests per user, on average, if users are few: min(FIRST, ROUNDS * users) are recorded."""

SLICES = 16
"""Slices into which a window is divided, which show whether it is steady."""


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
    resent: int
    reconnected: int


class Witness:
    """The sums of the times that users measured and the service reported, and the first requests of a step."""

    def __init__(self) -> None:
        self.sums = {"requests": 0.0, "response_ms": 0.0, "waited_ms": 0.0, "served_ms": 0.0, "received_ms": 0.0}
        self._first: list[Exchange] = []
        self._places: dict[WaitingUser, int] = {}
        self._began = 0.0
        self._most = 0

    def step(self, users: int) -> None:
        """Forget the requests of the step before, and record those of a step whose `users` users have all started."""
        self._first.clear()
        self._places.clear()
        self._began = time.perf_counter()
        self._most = min(FIRST, ROUNDS * users)

    def asked(self, user: WaitingUser, sent: float) -> None:
        """Reserve a place for the request if it is one of the first."""
        if len(self._first) < self._most:
            self._places[user] = len(self._first)
            self._first.append(Exchange(sent))

    def answered(self, user: WaitingUser, exchange: Exchange) -> None:
        """Add the exchange to the sums, and store it if its request has a place."""
        place = self._places.pop(user, None)
        if place is not None:
            self._first[place] = exchange
        if exchange.timed:
            assert exchange.ended is not None
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
        user_class: Any = type("User", (TargetUser if job.path else TwinUser,), about)
        self._tally: Tally = user_class.tally
        self._options = argparse.Namespace(delay=job.delay, think=0.0, stagger=job.wait, path=job.path)
        self._environment = Environment(
            user_classes=[user_class],
            tags=None if job.path else [job.scenario],
            parsed_options=self._options,
            stop_timeout=1,
        )
        self._runner = self._environment.create_local_runner()

    def measure(self, order: Order) -> dict[str, Any]:
        """Run one step, and return the measurements of its window.

        Bring the number of users to the step's by starting or stopping some, wait for the warm-up, then measure.
        """
        users = order.load.users
        self._options.think = order.load.think
        self._options.delay = self._job.delay if order.delay is None else f"{order.delay:g}"
        self._options.stagger = self._job.wait if order.delay is None else order.delay
        self._crowd.clear()
        self._runner.start(users, spawn_rate=max(users, self._runner.user_count))  # it also stops users at this rate
        while self._runner.user_count != users:
            gevent.sleep(0.01)
        self._witness.step(users)
        self._crowd.set()
        gevent.sleep(order.warmup)
        opened, user = self._at_completion(order.patience)
        opened_unix = time.time()
        tell({"event": "opened"})
        moments = [opened]
        for number in range(1, SLICES):
            gevent.sleep(max(0.0, opened.clock + order.window * number / SLICES - time.perf_counter()))
            moments.append(self._statistics())
        gevent.sleep(max(0.0, opened.clock + order.window - time.perf_counter()))
        closed, _ = self._at_completion(order.patience, user)
        return {
            "event": "closed",
            "opened": opened_unix,
            "seconds": closed.clock - opened.clock,
            "requests": closed.requests - opened.requests,
            "failures": closed.failures - opened.failures,
            "response_ms": closed.response_ms - opened.response_ms,
            "latency": grown(opened.latency, closed.latency),
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
                for begin, end in pairwise([*moments, closed])
            ],
            "first": self._witness.first(),
            "unfinished": sum(
                user.hangs_since(opened.clock) for greenlet in self._runner.user_greenlets for user in greenlet.args
            ),
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
            errors={str(error.error): error.occurrences for error in self._environment.stats.errors.values()},
            service_times=dict(self._witness.sums),
            resent=self._tally.resent,
            reconnected=self._tally.reconnected,
        )


def grown(before: Mapping[Any, int], after: Mapping[Any, int]) -> dict[Any, int]:
    """Return the growth of each count that has grown."""
    return {key: count - before.get(key, 0) for key, count in after.items() if count > before.get(key, 0)}


def tell(event: dict[str, Any]) -> None:
    """Write one JSON line to the parent process."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def hear() -> dict[str, Any] | None:
    """Read one JSON line in a thread, while users continue; return None at the end of the input."""
    line = gevent.get_hub().threadpool.apply(sys.stdin.readline)
    return json.loads(line) if line else None


def main() -> None:
    """Run the steps of one job."""
    latency_buckets.install()
    job = hear()
    if job is None:
        return
    generator = Generator(Job(**job))
    with slow_clients(job["url"], job["slow_clients"]):
        tell({"event": "ready"})
        while order := hear():
            tell(generator.measure(Order(**{**order, "load": Load(**order["load"])})))


if __name__ == "__main__":
    main()
