"""Locust users: each sends a request, waits for the response, checks it, and starts again.

In a closed model a user thinks before the next request. In an open model users are clients of a schedule, which says
when each request is intended to start (see arrivals.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from itertools import count
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

import gevent
from gevent.event import Event
from geventhttpclient.response import HTTPConnectionClosed
from locust import FastHttpUser, tag, task
from locust.contrib.fasthttp import FastResponse, LocustBadStatusCode
from locust.exception import RescheduleTaskImmediately

from contract.replies import NO_HEADERS, as_json
from loadtest.contenders.request import Request
from loadtest.results.exchange import Exchange, answered
from loadtest.workload.durations import seconds
from loadtest.workload.scenarios import ASK, MIXED, SCENARIOS, day, patience, spread
from loadtest.workload.share import WHOLE, Share

from .arrivals import Arrival, Schedule
from .connections import Connections, Dropped, Tally
from .expected import Promise, promise
from .person import ANSWER, Person

T = TypeVar("T")

TIMEOUT = 60.0
"""Seconds after which a request times out and counts as a failure."""

UNHURRIED = nullcontext()
"""The limit of a user who waits as long as it takes."""

GOLDEN = 0.6180339887498949
"""The fractional part of the golden ratio: the fractional parts of its multiples are evenly spread for any number."""


class Round(Generic[T]):
    """Entries that all users of a service take in turn, again and again."""

    def __init__(self, entries: Iterable[T]) -> None:
        self._entries = [*entries]
        self._taken = count()

    def next(self, share: Share) -> T:
        """Return the next entry for the users of one of several load generators, each of which begins elsewhere."""
        return self._entries[(share.begin(len(self._entries)) + next(self._taken)) % len(self._entries)]


class Watch(Protocol):
    """A receiver of the start and end of every request."""

    def asked(self, user: "WaitingUser", sent: float) -> None:
        """Report that `user` sends a request; `sent` is in seconds by perf_counter."""

    def answered(self, user: "WaitingUser", exchange: Exchange, *, served: bool) -> None:
        """Report that a request of `user` is over; the statistics count it next. `served`: as the contract promises."""


class Due(Protocol):
    """A judge of answers to a request."""

    def fault(self, status: int, headers: Mapping[str, str], body: bytes | bytearray) -> str | None:
        """Return in words what is wrong with an answer, or None."""


class GaveUp(Exception):
    """A client's patience was over before the answer came."""


class HeadedResponse(FastResponse):
    """A response with the time when its headers arrived (perf_counter), which is when it is created."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.headed = perf_counter()


class WaitingUser(FastHttpUser):
    """A user with one request in flight.

    Without a schedule a user is one of a closed model, who thinks for `--think` seconds after each answer.
    """

    abstract = True
    connection_timeout = TIMEOUT
    network_timeout = TIMEOUT

    service = ""
    """The name in the statistics."""

    crowd: Event | None = None
    """An event set once all users have started: starting them can take longer than `--stagger`."""

    watch: Watch | None = None
    """A receiver of the start and end of every request, if any."""

    tally: Tally
    """The counts of requests that were sent again, for all users of the service."""

    schedule: Schedule | None = None
    """The arrivals that all users of the service share in an open model, else None."""

    connections: Connections | None = None
    """The connections that they share then; the last one that became free is used first."""

    share: Share = WHOLE
    """The load generator of these users among several, whose users do not move in step."""

    resends = True
    """True if the HTTP client may send a request again where the service closes the connection instead of answering."""

    _turns = count()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.tally = Tally(cls.resends)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        agent = self.client.client
        agent.clientpool = self._connections(agent.clientpool.client_args)
        self.client.base_url = (self.client.base_url or "").rstrip("/")  # a target begins with a slash of its own
        self.options = environment.parsed_options
        self._label = environment.host or self.service  # --host sends all user classes to one host
        self.asked_at: float | None = None
        """The time when the request in flight was sent (perf_counter), or None without one."""
        self._arrival: Arrival | None = None
        agent.redirect_response_codes = frozenset()  # type: ignore[misc] # a redirect is an answer like any other
        agent.response_type = HeadedResponse  # type: ignore[misc] # for this user's client only

    def on_start(self) -> None:
        """Wait for all users to start, then for a share of `--stagger`, so that users do not run in step."""
        if self.crowd is not None:
            self.crowd.wait()
        if self.schedule is None:
            gevent.sleep(self.share.number(next(self._turns)) * GOLDEN % 1 * self.options.stagger)
        else:
            self.wait()  # type: ignore[no-untyped-call] # not a sleep: Locust stops users who wait at once

    def context(self) -> dict[str, Any]:
        """Return the user, for listeners to completed requests."""
        return {"user": self}

    def wait_time(self) -> float:
        """Return the think time in seconds; in an open model take the next arrival, and return the time until then."""
        if self.schedule is not None:
            self._arrival = self.schedule.take()
            return seconds_until(self._arrival.intended)
        think: float = self.options.think
        return think

    def due(self) -> float:
        """Wait until the intended start of the next request, and return it (perf_counter); in a closed model, now."""
        if self._arrival is None:
            return perf_counter()
        while (left := seconds_until(self._arrival.intended)) > 0:  # timers may end early
            gevent.sleep(left)
        return self._arrival.intended

    def hangs_since(self, clock: float) -> bool:
        """Return True if the request in flight was sent before `clock` (perf_counter)."""
        return self.asked_at is not None and self.asked_at < clock

    def send_checked(
        self, target: str, due: Due, name: str | None = None, method: str = "GET", **sent_too: Any
    ) -> None:
        """Send a request for `target`, and count a failure unless the answer is what is due.

        The name in the statistics is `name`, or `target` without one. `sent_too`: headers and data, as in Locust.
        """
        label = f"{self._label} {name or target}"
        intended = self.due()
        self.asked_at = sent = intended if self._arrival is None else perf_counter()
        if (left := self._patience_left(intended, sent)) is not None and left <= 0:
            self._count_failure(label, GaveUp("gave up: no client was free in time"), sent - intended, method)
            self._over(None, served=False)
            return
        if self._arrival is not None:
            self._arrival.sent, self._arrival.name = sent, name or ""
        if self.watch is not None:
            self.watch.asked(self, sent)
        try:
            with UNHURRIED if left is None else gevent.Timeout(left, GaveUp("gave up: no answer within the patience")):
                response: Any = self.client.request(method, target, name=label, catch_response=True, **sent_too)
        except Exception as error:  # whatever the client raises, the user has no answer
            self._over(answered(sent, None, perf_counter(), 0, NO_HEADERS), served=False)
            self._count_failure(label, error, perf_counter() - intended, method)
            return  # and thinks, so that others run: a request that was not sent paused nowhere
        with response:
            content = response.content  # reads a streamed body to its end
            headed, headers = getattr(response, "headed", None), response.headers or NO_HEADERS
            exchange = answered(sent, headed, perf_counter(), response.status_code, headers)
            assert exchange.ended is not None
            response.request_meta["response_time"] = (exchange.ended - intended) * 1000
            broken = response.request_meta["exception"]  # no answer, or half of one; Locust names the fault
            if isinstance(broken, LocustBadStatusCode):  # a 404 may be what is due
                broken = None
                response.success()
            elif isinstance(broken, HTTPConnectionClosed) and not response.status_code:
                response.failure(Dropped())
            fault = due.fault(response.status_code, headers, content or b"") if broken is None else None
            if fault is not None:
                response.failure(fault)
            self._over(exchange, served=broken is None and fault is None)
        if not (self.options.think or self.schedule):  # even a sleep of 0 adds a pause: all other users run first
            raise RescheduleTaskImmediately

    def _over(self, exchange: Exchange | None, *, served: bool) -> None:
        """Record that the request in flight has ended; `exchange`: None if it was not sent."""
        self.asked_at = None
        if self._arrival is not None:
            self._arrival.ended, self._arrival.served = exchange.ended if exchange else perf_counter(), served
            self._arrival.process = exchange.process if exchange else ""
            self._arrival = None
        if self.watch is not None and exchange is not None:
            self.watch.answered(self, exchange, served=served)

    def _patience_left(self, intended: float, sent: float) -> float | None:
        """Return the seconds until the client gives up, or None in a closed model."""
        return None if self.schedule is None else intended + self.schedule.patience - sent

    def _connections(self, settings: dict[str, Any]) -> Connections:
        """Return the connections of this user, or in an open model those that all users share."""
        if self.schedule is None:
            return Connections(self.tally, **settings)
        cls = type(self)
        if cls.connections is None:
            cls.connections = Connections(self.tally, **{**settings, "concurrency": self.schedule.clients})
        return cls.connections

    def _count_failure(self, label: str, error: Exception, seconds: float = 0.0, method: str = "GET") -> None:
        """Count a failure of a request that Locust does not count, because it could not be sent."""
        self.environment.events.request.fire(
            request_type=method,
            name=label,
            response_time=seconds * 1000,
            response_length=0,
            exception=error,
            context=self.context(),
        )


def seconds_until(moment: float) -> float:
    """Return the seconds until `moment` (perf_counter), at least 0, for a sleep that begins now."""
    gevent.get_hub().loop.update_now()  # the loop's clock stops while greenlets run: a timer would end too early
    return max(0.0, moment - perf_counter())


def asks_for(scenario: str) -> Callable[["TwinUser"], None]:
    """Return a Locust task that sends one request of a scenario, with the scenario as its name and tag."""

    def ask(user: "TwinUser") -> None:
        user.ask_twin(scenario)

    ask.__name__ = scenario
    tagged: Callable[[TwinUser], None] = tag(scenario)(ask)
    return tagged


class TwinUser(WaitingUser):
    """A user of a service that implements the contract. Tags select the scenario."""

    abstract = True
    tasks = [asks_for(scenario) for scenario in SCENARIOS if scenario != ASK]  # noqa: RUF012 - Locust reads this list and adds the tasks below

    _person: Person | None = None
    _day: Round[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._day = Round(day())  # one day per service, shared by its users

    @classmethod
    def task_for(cls, scenario: str) -> Any:
        """Return the Locust task of a scenario."""
        return next(each for each in cls.tasks if getattr(each, "__name__", None) == scenario)

    def ask_twin(self, scenario: str) -> None:
        """GET the scenario's target, and compare the response with the contract."""
        target = SCENARIOS[scenario].target.format(delay=self.options.delay)
        self.send_checked(target, promise(target))

    @tag(ASK)
    @task
    def ask(self) -> None:
        """Ask a question, which a person answers after the delay with a request to the same service."""
        try:
            if self._person is None:
                assert self.host is not None
                self._person = Person(self.host, TIMEOUT)
            after = seconds("--delay", self.options.delay)
        except ValueError as error:
            self._count_failure(f"{self._label} /ask", error)
            return
        question = uuid4().hex
        self.due()  # the person begins to think when the request starts
        target = SCENARIOS[ASK].target.format(question=question, patience=patience(after))
        self._person.will_answer(question, after)
        self.send_checked(target, Promise(as_json({"question": question, "answer": ANSWER})), "/ask")

    @tag(MIXED)
    @task
    def mixed(self) -> None:
        """Send the next request of the day that all users share, so every window has its share of each scenario."""
        scenario = self._day.next(self.share)
        self.ask() if scenario == ASK else self.ask_twin(scenario)


class TargetUser(WaitingUser):
    """A user of a target. `requests` are what the users send, and say what the answers must be."""

    abstract = True
    resends = False
    requests: tuple[Request, ...] = ()
    _turn: Round[tuple[Request, Iterator[int]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        numbered = {each.name: (each, count()) for each in cls.requests}  # of all users together
        cls._turn = Round(numbered[name] for name in spread({each.name: each.weight for each in cls.requests}))

    @task
    def ask(self) -> None:
        """Send the next request of those that all users share, so that every window has its share of each."""
        asked, numbers = self._turn.next(self.share)
        sent = asked.sent(self.share.number(next(numbers)) + 1)
        self.send_checked(sent.path, asked.expected, asked.label, asked.method, headers=sent.headers, data=sent.body)
