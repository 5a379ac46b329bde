"""The load generator: Locust as a library in its own process, one step at a time.

The process reads JSON lines from standard input: first a `Job`, then an `Order` per step (see driver.py). It writes
JSON lines to standard output: `{"event": "ready"}`, then for each order `opened`, `closed`, and `measured` with the
measurements.

In a closed model a window opens when some user completes a request and closes when that user completes a later one, so
it contains whole turns (request, response, think time). Users whose requests all wait equally long move in step, so a
window that cut a turn would count one request too many or too few for all of them. In an open model the schedule says
when it opens and closes, and `measured` follows when its requests have ended.

The users of a locustfile may send several requests in a task, so for them a turn is a task and the wait after it. If
their file cannot be used, the answer is `{"event": "refused"}` with a sentence.
"""

import argparse
import gc
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import gevent
import locust
from gevent.event import Event
from locust.env import Environment
from locust.stats import StatsEntry

from loadtest.contenders.request import Expected, Request
from loadtest.contenders.target import Tls, context
from loadtest.results.exchange import Exchange
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from . import latency_buckets, own_users
from .arrivals import RecordedSchedule, figures
from .connections import Tally
from .driver import REFUSED, Job, Order
from .own_users import OwnUsers, Refused, Spent
from .slow_clients import slow_clients
from .users import TargetUser, TwinUser, WaitingUser

T = TypeVar("T")

FIRST = 100
"""Maximum number of users whose first requests in a step are recorded individually; of an open load, of requests."""

ROUNDS = 4
"""Recorded requests of each of these users."""

AHEAD, EACH = 0.05, 2e-4
"""Seconds from the start of all clients of an open load until the first request may be due, and for each client: all
take their first arrival at once."""

POLL = 0.01
"""Seconds between two looks at users who start or stop, or at requests that end."""

KINDS = 20
"""Requests of different names, and errors of different kinds, that are told apart; all others are one."""

OTHERS = "others"
"""The name of the rest."""

SLICES = 16
"""Slices into which a window is divided, which show whether it is steady."""


class Part(NamedTuple):
    """The numbers of one kind of request in Locust's statistics. `latency` as in Statistics."""

    requests: int
    failures: int
    latency: Mapping[float, int]

    def since(self, before: "Part") -> "Part":
        """Return what has been added to another snapshot."""
        requests, failures = self.requests - before.requests, self.failures - before.failures
        return Part(requests, failures, grown(before.latency, self.latency))

    @classmethod
    def of(cls, entry: StatsEntry) -> "Part":
        """Return the numbers of one entry."""
        latency = {float(bucket): count for bucket, count in entry.response_times.items()}
        return cls(entry.num_requests, entry.num_failures, latency)

    @classmethod
    def joined(cls, parts: Iterable["Part"]) -> "Part":
        """Return several as one."""
        every = [*parts]
        latency = sum((Counter(each.latency) for each in every), Counter[float]())
        return cls(sum(each.requests for each in every), sum(each.failures for each in every), latency)


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
    spent: Spent | None


class Witness:
    """The sums of the times that users measured and the service reported, and the first requests of a step."""

    def __init__(self) -> None:
        self.sums = {"requests": 0.0, "response_ms": 0.0, "waited_ms": 0.0, "served_ms": 0.0, "received_ms": 0.0}
        self.deadlines: tuple[float, ...] = ()
        self.good: list[int] = []
        """The requests that were served within each deadline, since the step began."""
        self._first: list[Exchange] = []
        self._places: dict[WaitingUser, int] = {}
        self._numbers: dict[WaitingUser, int] = {}
        self._rounds = Counter[int]()
        self._began = 0.0

    def step(self) -> None:
        """Forget the requests of the step before, and record those of a step whose users have all started."""
        self.good = [0] * len(self.deadlines)
        self._first.clear()
        self._places.clear()
        self._numbers.clear()
        self._rounds.clear()
        self._began = time.perf_counter()

    def asked(self, user: WaitingUser, sent: float) -> None:
        """Reserve a place for the request if it is one of the first."""
        number = None
        if user.schedule is None:
            number = self._numbers.setdefault(user, len(self._numbers) + 1)
            self._rounds[number] += 1
        if len(self._first) < FIRST if number is None else number <= FIRST and self._rounds[number] <= ROUNDS:
            self._places[user] = len(self._first)
            self._first.append(Exchange(sent, user=number))

    def answered(self, user: WaitingUser, exchange: Exchange, *, served: bool) -> None:
        """Add the exchange to the sums, and store it if its request has a place."""
        place = self._places.pop(user, None)
        if place is not None:
            self._first[place] = exchange._replace(user=self._first[place].user)
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

    def counted(self, response_time: float, exception: object = None, **_request: Any) -> None:
        """Count a request of a locustfile's users as good if it came within a deadline."""
        if exception is None and self.deadlines:
            pairs = zip(self.good, self.deadlines, strict=True)
            self.good = [good + (response_time < each * 1000) for good, each in pairs]

    def first(self) -> list[Exchange]:
        """Return the first requests, with their times in seconds since all users had started."""
        return [exchange.since(self._began) for exchange in self._first]


class Generator:
    """A load generator for one service. `tell` gets its events."""

    def __init__(self, job: Job, tell: Callable[[dict[str, Any]], None]) -> None:
        self._job = job
        self._tell = tell
        self._crowd = Event()
        self._witness = Witness()
        self._options = argparse.Namespace(delay=job.delay, think=0.0, stagger=job.wait)
        self._own: OwnUsers | None = None
        self.fewest = 1
        """The fewest users with whom each user class has some."""
        self._tally = Tally()
        if job.locustfile is None:
            self._environment = self._prepared()
            self._completed = self._environment.events.request
        else:
            self._environment = self._theirs(Path(job.locustfile))
            assert self._own is not None
            self._completed = self._own.ended
        self._runner = self._environment.create_local_runner()
        if self._own is not None:
            self._environment.events.init.fire(environment=self._environment, runner=self._runner, web_ui=None)

    def _prepared(self) -> Environment:
        """Return an environment with users who send the requests of the job, or those of its scenario."""
        job = self._job
        about = {"host": job.url, "service": job.name, "crowd": self._crowd, "watch": self._witness}
        if job.requests:
            checked = {"insecure": job.tls.insecure, "ssl_context_factory": partial(context, job.tls)}
            about |= {"requests": job.requests, **checked}
        user_class: Any = type("User", (TargetUser if job.requests else TwinUser,), about)
        self._user_class = user_class
        self._tally = user_class.tally
        tags = None if job.requests else [job.scenario]
        return Environment(user_classes=[user_class], tags=tags, parsed_options=self._options, stop_timeout=1)

    def _theirs(self, path: Path) -> Environment:
        """Return an environment with the users of a locustfile. Raises Refused if the file cannot be used."""
        classes = own_users.loaded(path, self._job.url, self._job.tls)
        self.fewest = own_users.fewest(classes)
        options = own_users.options(self._job.url)
        found = Environment(user_classes=classes, events=locust.events, parsed_options=options, stop_timeout=1)
        self._own = OwnUsers(path, self._crowd, lambda: self._options.stagger)
        found.events.request.add_listener(self._witness.counted)  # type: ignore[no-untyped-call] # untyped in Locust
        return found

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
        self._people(load.users, order.patience)
        self._witness.step()
        self._crowd.set()
        gevent.sleep(order.warmup)
        opened, user = self._at_completion(order.patience)
        self._tell({"event": "opened"})
        moments = self._slices(opened, opened.clock, order.window)
        closed, _ = self._at_completion(order.patience, user)
        self._tell({"event": "closed"})
        nothing = Part(0, 0, {})
        parts = {name: part.since(opened.parts.get(name, nothing)) for name, part in closed.parts.items()}
        if self._own is not None:  # what its users send when they start is over
            sent = {name: part for name, part in parts.items() if part.requests}
            parts = fewer(sent, Part.joined, lambda part: part.requests) if len(sent) > 1 else {}
        turns = None
        if opened.spent is not None and closed.spent is not None:
            turns = {**closed.spent.since(opened.spent), "left": load.users - self._runner.user_count}
        return {
            **self._between(opened, [*moments, closed]),
            "latency": grown(opened.latency, closed.latency),
            "parts": {name: part._asdict() for name, part in parts.items()},
            "good": [after - before for before, after in zip(opened.good, closed.good, strict=True)],
            "unfinished": self._hung_since(opened.clock),
            "turns": turns,
        }

    def _hung_since(self, clock: float) -> int:
        if self._own is not None:
            return self._own.hung_since(clock)
        return sum(user.hangs_since(clock) for greenlet in self._runner.user_greenlets for user in greenlet.args)

    def _arrivals(self, order: Order, load: Open) -> dict[str, Any]:
        """Run a step of arrivals. They go on after the window until its last one has ended."""
        schedule = RecordedSchedule(load.schedule(order.repeat), load.patience, load.most_in_flight)
        self._user_class.schedule = schedule
        self._crowd.clear()
        self._people(schedule.clients, order.patience)
        gc.collect()
        gc.freeze()  # else thousands of clients are searched for garbage again and again, for 0.1 s each time
        self._witness.step()
        schedule.began = time.perf_counter() + AHEAD + EACH * schedule.clients
        begins = schedule.began + order.warmup
        ends = begins + order.window
        self._crowd.set()
        sleep_until(begins)
        opened = self._statistics()
        self._tell({"event": "opened"})
        moments = self._slices(opened, begins, order.window)
        closed = self._statistics()
        self._tell({"event": "closed"})
        while not schedule.has_ended(ends) and time.perf_counter() < ends + order.patience:
            gevent.sleep(POLL)
        arrivals = schedule.close(ends)
        self._people(0, order.patience)
        gc.unfreeze()
        self._user_class.schedule = None
        self._user_class.connections.close()
        self._user_class.connections = None
        return {
            **self._between(opened, [*moments, closed]),
            **figures(arrivals, schedule, begins, order.window, order.deadlines),
            "unfinished": 0,
        }

    def _people(self, users: int, patience: float) -> None:
        """Start or stop users until there are `users`. Raises Refused if all of a locustfile's users leave at once.

        Its users may leave by themselves, and those who stay may take up to `patience` seconds to begin.
        """
        self._runner.start(users, spawn_rate=max(users, self._runner.user_count))  # it also stops users at this rate
        if self._own is None:
            while self._runner.user_count != users:
                gevent.sleep(POLL)
            return
        until = time.perf_counter() + patience
        spawning = self._runner.spawning_greenlet
        while (spawning or self._own.arrived < self._runner.user_count) and time.perf_counter() < until:
            gevent.sleep(POLL)
        if not self._runner.user_count:
            why = ", ".join(self._own.raised) or "each raised StopUser or failed in its __init__"
            raise Refused(f"{Path(self._job.locustfile or '').name}: no user stayed to begin a task: {why}.")

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
            "errors": fewer(grown(opened.errors, closed.errors), sum, int),
            "service_times": {name: told - opened.service_times[name] for name, told in closed.service_times.items()},
            # the clients of a locustfile's users do both unseen
            "resent": None if self._own else closed.resent - opened.resent,
            "reconnected": None if self._own else closed.reconnected - opened.reconnected,
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
                taken.append((self._whole(), context["user"]))
                completed.set()

        self._completed.add_listener(take)  # type: ignore[no-untyped-call] # untyped in Locust
        completed.wait(patience)
        self._completed.remove_listener(take)  # type: ignore[no-untyped-call] # see above
        return taken[0] if taken else (self._whole(), None)

    def _whole(self) -> Statistics:
        """Return the statistics with those of each request."""
        return replace(self._statistics(), parts=self._parts())

    def _statistics(self) -> Statistics:
        total = self._environment.stats.total
        raised = sum(self._own.raised.values()) if self._own else 0
        return Statistics(
            clock=time.perf_counter(),
            process_cpu=time.process_time(),
            requests=total.num_requests + raised,
            failures=total.num_failures + raised,
            response_ms=total.total_response_time,
            latency={float(bucket): count for bucket, count in total.response_times.items()},
            errors=self._errors(),
            service_times=dict(self._witness.sums),
            good=[*self._witness.good],
            resent=self._tally.resent,
            reconnected=self._tally.reconnected,
            parts={},
            spent=self._own.spent() if self._own else None,
        )

    def _errors(self) -> dict[str, int]:
        """Return the errors by their text: Locust has an entry for each request too."""
        found = Counter[str](self._own.raised if self._own else ())
        for each in self._environment.stats.errors.values():
            found[own_users.kind(each.error)] += each.occurrences
        return dict(found)

    def _parts(self) -> Mapping[str, Part]:
        """Return the statistics of each request, of those that the job describes only if there are several."""
        entries = self._environment.stats.entries.values()
        if self._own is not None:
            names = [f"{entry.method} {entry.name}" for entry in entries]
        else:
            names = [entry.name.removeprefix(f"{self._job.name} ") for entry in entries]
        found = {name: Part.of(entry) for name, entry in zip(names, entries, strict=True)}
        if self._own is not None:
            return found
        several = self._job.requests if len(self._job.requests) > 1 else ()
        return {each.label: found[each.label] for each in several if each.label in found}


def fewer(kinds: Mapping[str, T], joined: Callable[[Iterable[T]], T], size: Callable[[T], int]) -> dict[str, T]:
    """Return the KINDS largest, in their order, and the others as one."""
    kept = {*sorted(kinds, key=lambda name: size(kinds[name]), reverse=True)[:KINDS]}
    rest = [kinds[name] for name in kinds if name not in kept]
    return {name: each for name, each in kinds.items() if name in kept} | ({OTHERS: joined(rest)} if rest else {})


def grown(before: Mapping[Any, int], after: Mapping[Any, int]) -> dict[Any, int]:
    """Return the growth of each count that has grown."""
    return {key: count - before.get(key, 0) for key, count in after.items() if count > before.get(key, 0)}


def sleep_until(moment: float) -> None:
    """Sleep until `moment` (perf_counter)."""
    gevent.sleep(max(0.0, moment - time.perf_counter()))


def pipes() -> tuple[IO[str], IO[str]]:
    """Return standard input and output, and leave others in their place: a locustfile may read and print."""
    orders, answers = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "r"), (1, "w")))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return orders, answers


def tell(event: dict[str, Any], answers: IO[str]) -> None:
    """Write one JSON line to the parent process."""
    answers.write(json.dumps(event) + "\n")
    answers.flush()


def hear(orders: IO[str]) -> dict[str, Any] | None:
    """Read one JSON line in a thread, while users continue; return None at the end of the input."""
    line = gevent.get_hub().threadpool.apply(orders.readline)
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
    orders, answers = pipes()
    job = hear(orders)
    if job is None:
        return
    send = partial(tell, answers=answers)
    try:
        generator = Generator(received_job(job), send)
        with slow_clients(job["url"], job["slow_clients"]):
            send({"event": "ready", "fewest": generator.fewest})
            while order := hear(orders):
                send(generator.measure(received(order)))
    except Refused as error:
        send({"event": REFUSED, "told": str(error)})


if __name__ == "__main__":
    main()
