"""What a user of a service does: ask, wait for the answer, check it, and ask again."""

from functools import cache
from itertools import count
from time import perf_counter
from typing import Any

import gevent
from gevent.event import Event
from locust import FastHttpUser, tag, task
from locust.exception import RescheduleTaskImmediately

from contract.operations import OPERATIONS
from contract.problems import Problem
from contract.replies import NO_HEADERS
from contract.settings import Settings

TIMEOUT = 60.0
"""Seconds after which a request is given up and counted as a failure."""

GOLDEN = 0.6180339887498949
"""The golden ratio's fraction: its multiples, without their whole part, spread evenly, however many there are."""


@cache
def promised(target: str) -> bytes | None:
    """The body that both twins owe for `target`, by their contract; None where it is refused: no 200 will come."""
    name = target.strip("/").partition("/")[0].partition("?")[0]
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    try:
        return operation.reply(operation.parse(target, NO_HEADERS, Settings()), None).body
    except Problem:
        return None


class WaitingUser(FastHttpUser):
    """A user in a closed model: one request in flight, then `--think` seconds of thinking."""

    abstract = True
    connection_timeout = TIMEOUT
    network_timeout = TIMEOUT

    service = ""
    """The name under which statistics are kept."""

    crowd: Event | None = None
    """Set once all who begin together are there: making them takes longer than they are to be spread over."""

    _turns = count()

    def __init__(self, environment: Any) -> None:
        """Take the options of this run."""
        super().__init__(environment)
        self.options = environment.parsed_options
        self._label = environment.host or self.service  # --host sends every user class to one place
        self._names: dict[str, str] = {}
        self._asked: float | None = None

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
        return self._asked is not None and self._asked < clock

    def ask(self, target: str, body: bytes | None) -> None:
        """GET `target`; a failure unless the answer is a 200 and, where one is named, has this body."""
        if target not in self._names:
            self._names[target] = f"{self._label} {target}"
        self._asked = perf_counter()
        with self.client.get(target, name=self._names[target], catch_response=True, allow_redirects=False) as response:
            self._asked = None
            if response.status_code == 200:
                if body is not None and response.content != body:
                    response.failure(f"not the promised body: {bytes(response.content)[:80]!r}")
            elif 0 < response.status_code < 400:  # Locust counts the rest as failures by itself
                response.failure(f"status {response.status_code} where 200 was promised")
        if not self.options.think:  # even a sleep of 0 would send it to the back of the queue, unasking and unmeasured
            raise RescheduleTaskImmediately


class TwinUser(WaitingUser):
    """A user of one of the twins. Tags select what is asked for."""

    abstract = True

    def ask_twin(self, target: str) -> None:
        """GET `target` and hold the answer against the contract."""
        self.ask(target, promised(target))

    @tag("delay")
    @task
    def delay(self) -> None:
        """One wait."""
        self.ask_twin(f"/delay/{self.options.delay}")

    @tag("fanout")
    @task
    def fanout(self) -> None:
        """Five waits, the way a plain handler does them."""
        self.ask_twin(f"/fanout?n=5&delay={self.options.delay}")

    @tag("blocking")
    @task
    def blocking(self) -> None:
        """The pitfall."""
        self.ask_twin(f"/blocking/{self.options.delay}")

    @tag("offload")
    @task
    def offload(self) -> None:
        """The repair."""
        self.ask_twin(f"/offload/{self.options.delay}")

    @tag("cpu")
    @task
    def cpu(self) -> None:
        """The control."""
        self.ask_twin(f"/cpu/{self.options.delay}")


class StrangerUser(WaitingUser):
    """A user of a service that is not ours: any 200 will do."""

    abstract = True

    @task
    def get(self) -> None:
        """One request."""
        self.ask(self.options.path, None)
