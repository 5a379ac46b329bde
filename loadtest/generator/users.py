"""What a user of a service does: ask, wait for the answer, check it, and ask again."""

from collections.abc import Callable, Iterator
from itertools import count, cycle
from time import perf_counter
from typing import Any, Protocol
from uuid import uuid4

import gevent
from gevent.event import Event
from locust import FastHttpUser, tag, task
from locust.contrib.fasthttp import FastResponse
from locust.exception import RescheduleTaskImmediately

from contract.replies import NO_HEADERS, as_json
from loadtest.results.exchange import Exchange, answered
from loadtest.workload.durations import seconds
from loadtest.workload.scenarios import ASK, MIXED, SCENARIOS, day, patience

from .expected import promised
from .person import ANSWER, Person

TIMEOUT = 60.0
"""Seconds after which a request is given up and counted as a failure."""

GOLDEN = 0.6180339887498949
"""The golden ratio's fraction: its multiples, without their whole part, spread evenly, however many there are."""


class Watch(Protocol):
    """Who is told of every request."""

    def asked(self, user: "WaitingUser", sent: float) -> None:
        """`user` sends a request; `sent` by perf_counter."""

    def answered(self, user: "WaitingUser", exchange: Exchange) -> None:
        """It is over, and will be in the statistics next."""


class HeadedResponse(FastResponse):
    """A response that knows when its headers came: it is made from them."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.headed = perf_counter()


class WaitingUser(FastHttpUser):
    """A user in a closed model: one request in flight, then `--think` seconds of thinking."""

    abstract = True
    connection_timeout = TIMEOUT
    network_timeout = TIMEOUT

    service = ""
    """The name under which statistics are kept."""

    crowd: Event | None = None
    """Set once all who begin together are there: making them takes longer than they are to be spread over."""

    watch: Watch | None = None
    """Told of every request, where there is one."""

    _turns = count()

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.options = environment.parsed_options
        self._label = environment.host or self.service  # --host sends every user class to one place
        self.asked_at: float | None = None
        """When it sent its request in flight (perf_counter); None where it has none."""
        self.client.client.response_type = HeadedResponse  # type: ignore[misc] # for this user's client alone

    def on_start(self) -> None:
        """Begin at a moment of its own, so that users who came together do not stay in step."""
        if self.crowd is not None:
            self.crowd.wait()
        gevent.sleep(next(self._turns) * GOLDEN % 1 * self.options.stagger)

    def context(self) -> dict[str, Any]:
        """Who asked, for those who listen to completed requests."""
        return {"user": self}

    def wait_time(self) -> float:
        """Think."""
        think: float = self.options.think
        return think

    def hangs_since(self, clock: float) -> bool:
        """Whether its request in flight was sent before `clock` (perf_counter)."""
        return self.asked_at is not None and self.asked_at < clock

    def get_checked(self, target: str, body: bytes | None, name: str | None = None) -> None:
        """GET `target`; a failure unless the answer is a 200 and, where one is named, has this body.

        Statistics are kept under `name`, or under the target itself.
        """
        label = f"{self._label} {name or target}"
        self.asked_at = sent = perf_counter()
        if self.watch is not None:
            self.watch.asked(self, sent)
        with self.client.get(target, name=label, catch_response=True, allow_redirects=False) as response:
            content = response.content  # to the last piece, where it comes in pieces
            self.asked_at = None
            if self.watch is not None:
                headed, headers = getattr(response, "headed", None), response.headers or NO_HEADERS
                exchange = answered(sent, headed, perf_counter(), response.status_code, headers)
                self.watch.answered(self, exchange)
            if response.status_code == 200:
                if body is not None and content != body:
                    response.failure(f"not the promised body: {bytes(content)[:80]!r}")
            elif response.status_code:  # without one, Locust names the fault
                response.failure(f"status {response.status_code} where 200 was promised")
        if not self.options.think:  # even a sleep of 0 would send it to the back of the queue, unasking and unmeasured
            raise RescheduleTaskImmediately


def asks_for(scenario: str) -> Callable[["TwinUser"], None]:
    """Return the Locust task that asks for a scenario, with its name and tag."""

    def ask(user: "TwinUser") -> None:
        user.ask_twin(scenario)

    ask.__name__ = scenario
    tagged: Callable[[TwinUser], None] = tag(scenario)(ask)
    return tagged


class TwinUser(WaitingUser):
    """A user of one of the twins. Tags select what is asked for."""

    abstract = True
    tasks = [asks_for(scenario) for scenario in SCENARIOS if scenario != ASK]  # noqa: RUF012 - Locust's own way; it adds those below

    _person: Person | None = None
    _day: Iterator[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._day = cycle(day())  # of each service's own

    @classmethod
    def task_for(cls, scenario: str) -> Any:
        """Return the Locust task that asks for a scenario."""
        return next(each for each in cls.tasks if getattr(each, "__name__", None) == scenario)

    def ask_twin(self, scenario: str) -> None:
        """GET what the scenario asks for, and hold the answer against the contract."""
        target = SCENARIOS[scenario].target.format(delay=self.options.delay)
        self.get_checked(target, promised(target))

    @tag(ASK)
    @task
    def ask(self) -> None:
        """A question, which somebody answers after the delay, by a request to the same service."""
        if self._person is None:
            assert self.host is not None
            self._person = Person(self.host, TIMEOUT)
        after = seconds("--delay", self.options.delay)
        question = uuid4().hex
        target = SCENARIOS[ASK].target.format(question=question, patience=patience(after))
        self._person.will_answer(question, after)
        self.get_checked(target, as_json({"question": question, "answer": ANSWER}), "/ask")

    @tag(MIXED)
    @task
    def mixed(self) -> None:
        """The next request of a day that all users share, so that every window holds its share of each kind."""
        scenario = next(self._day)
        self.ask() if scenario == ASK else self.ask_twin(scenario)


class TargetUser(WaitingUser):
    """A user of a service that is not ours: any 200 will do."""

    abstract = True

    @task
    def get(self) -> None:
        """One request."""
        self.get_checked(self.options.path, None)
