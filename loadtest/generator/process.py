"""The load generator: Locust as a library, one step at a time, in a process of its own.

It reads JSON lines from standard input: first a `Job`, then an `Order` whenever the last one is done (see driver.py).
It writes JSON lines to standard output: `{"event": "ready"}`, then for each order `opened`, and `closed` with what was
measured. A window opens and closes on a completion of the same user, so that it holds whole turns: users of a constant
wait fall into step, and a window that cut a turn would count the crowd once too often or too rarely.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment

from loadtest.results.exchange import Exchange
from loadtest.workload import Load

from . import latency_buckets
from .driver import Job, Order
from .users import TargetUser, TwinUser, WaitingUser

FIRST = 100
"""Requests of a step that are kept one by one, in the order of sending."""

ROUNDS = 4
"""How many for each user at the most: a few users are seen for a few turns."""


@dataclass(frozen=True)
class Statistics:
    """Locust's statistics at one moment."""

    clock: float
    process_cpu: float
    requests: int
    failures: int
    response_ms: float
    latency: Mapping[float, int]
    errors: dict[str, int]
    service_times: Mapping[str, float]


class Witness:
    """What services told of all requests, summed up, and the first requests of a step one by one."""

    def __init__(self) -> None:
        self.sums = {"requests": 0.0, "response_ms": 0.0, "waited_ms": 0.0, "served_ms": 0.0, "received_ms": 0.0}
        self._first: list[Exchange] = []
        self._places: dict[WaitingUser, int] = {}
        self._began = 0.0
        self._most = 0

    def step(self, users: int) -> None:
        """The users are all there now."""
        self._first.clear()
        self._places.clear()
        self._began = time.perf_counter()
        self._most = min(FIRST, ROUNDS * users)

    def asked(self, user: WaitingUser, sent: float) -> None:
        """Keep a place for it, if it is one of the first."""
        if len(self._first) < self._most:
            self._places[user] = len(self._first)
            self._first.append(Exchange(sent))

    def answered(self, user: WaitingUser, exchange: Exchange) -> None:
        """Add it to the sums, and put it into its place, if it has one."""
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
        """The first requests, by a clock that began with the step."""
        return [exchange.since(self._began) for exchange in self._first]


class Generator:
    """Users of one service."""

    def __init__(self, job: Job) -> None:
        self._crowd = Event()
        self._witness = Witness()
        about = {"host": job.url, "service": job.name, "crowd": self._crowd, "watch": self._witness}
        user_class = type("User", (TargetUser if job.path else TwinUser,), about)
        self._options = argparse.Namespace(delay=job.delay, think=0.0, stagger=job.wait, path=job.path)
        self._environment = Environment(
            user_classes=[user_class],
            tags=None if job.path else [job.scenario],
            parsed_options=self._options,
            stop_timeout=1,
        )
        self._runner = self._environment.create_local_runner()

    def measure(self, order: Order) -> dict[str, Any]:
        """Bring the users to the step's number, let the warm-up pass, and measure one window."""
        users = order.load.users
        self._options.think = order.load.think
        self._crowd.clear()
        self._runner.start(users, spawn_rate=users)
        while self._runner.user_count < users:
            gevent.sleep(0.01)
        self._witness.step(users)
        self._crowd.set()
        gevent.sleep(order.warmup)
        opened, user = self._at_completion(order.patience)
        opened_unix = time.time()
        tell({"event": "opened"})
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
            "first": self._witness.first(),
            "unfinished": sum(
                user.hangs_since(opened.clock) for greenlet in self._runner.user_greenlets for user in greenlet.args
            ),
            "generator_cpu": (closed.process_cpu - opened.process_cpu) / (closed.clock - opened.clock),
        }

    def _at_completion(self, patience: float, of: WaitingUser | None = None) -> tuple[Statistics, WaitingUser | None]:
        """The statistics right after the next request is counted, and whose it was.

        Only requests of the user `of` count, where one is named. After `patience` seconds without any: as they are.
        """
        completed = Event()
        taken: list[tuple[Statistics, WaitingUser | None]] = []

        def take(context: dict[str, WaitingUser], **_request: Any) -> None:
            if not taken and of in (None, context["user"]):
                taken.append((self._statistics(), context["user"]))
                completed.set()

        self._environment.events.request.add_listener(take)  # type: ignore[no-untyped-call] # Locust types it not
        completed.wait(patience)
        self._environment.events.request.remove_listener(take)  # type: ignore[no-untyped-call] # nor this
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
        )


def grown(before: Mapping[Any, int], after: Mapping[Any, int]) -> dict[Any, int]:
    """By how much each count has grown."""
    return {key: count - before.get(key, 0) for key, count in after.items() if count > before.get(key, 0)}


def tell(event: dict[str, Any]) -> None:
    """Write one line to whoever runs this process."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def hear() -> dict[str, Any] | None:
    """Read one line, while users go on; None once there will be no more."""
    line = gevent.get_hub().threadpool.apply(sys.stdin.readline)
    return json.loads(line) if line else None


def main() -> None:
    """Serve one job."""
    latency_buckets.install()
    job = hear()
    if job is None:
        return
    generator = Generator(Job(**job))
    tell({"event": "ready"})
    while order := hear():
        tell(generator.measure(Order(**{**order, "load": Load(**order["load"])})))


if __name__ == "__main__":
    main()
