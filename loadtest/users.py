"""What a user of a service does: ask, wait for the answer, check it, and ask again."""

import random
from collections.abc import Mapping
from time import perf_counter
from types import MappingProxyType
from typing import Any

import gevent
from locust import FastHttpUser, tag, task

from contract.operations import OPERATIONS
from contract.settings import Settings

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

TIMEOUT = 60.0
"""Seconds after which a request is given up and counted as a failure."""


def expected(target: str) -> bytes:
    """The body that both services owe for `target`, by their contract.

    Raises:
        Problem: where the contract refuses it.

    """
    name = target.strip("/").partition("/")[0].partition("?")[0]
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    return operation.reply(operation.parse(target, NO_HEADERS, Settings()), None).body


class WaitingUser(FastHttpUser):
    """A user in a closed model: one request in flight, then `--think` seconds of thinking."""

    abstract = True
    connection_timeout = TIMEOUT
    network_timeout = TIMEOUT

    service = ""
    """The name under which statistics are kept."""

    asked_at: float | None = None
    """When the request in flight was sent (perf_counter), None between requests."""

    def __init__(self, environment: Any) -> None:
        """Take the options of this run."""
        super().__init__(environment)
        self.options = environment.parsed_options
        self._label = environment.host or self.service  # --host sends every user class to one place
        self._promises: dict[str, tuple[str, bytes]] = {}

    def on_start(self) -> None:
        """Begin at a moment of its own, so that users who came together do not stay in step."""
        gevent.sleep(random.uniform(0, self.options.stagger))  # noqa: S311 - not a secret

    def wait_time(self) -> float:
        """Think."""
        think: float = self.options.think
        return think

    def ask(self, target: str) -> None:
        """GET `target`; a failure unless the answer is the one that the contract promises."""
        if target not in self._promises:
            self._promises[target] = (f"{self._label} {target}", expected(target))
        name, body = self._promises[target]
        self.asked_at = perf_counter()
        with self.client.get(target, name=name, catch_response=True) as response:
            if response.status_code == 200:
                if response.content != body:
                    response.failure(f"not the promised body: {bytes(response.content)[:80]!r}")
            elif 0 < response.status_code < 400:  # Locust counts the rest as failures by itself
                response.failure(f"status {response.status_code} where 200 was promised")
        self.asked_at = None

    @tag("delay")
    @task
    def delay(self) -> None:
        """One wait."""
        self.ask(f"/delay/{self.options.delay}")

    @tag("fanout")
    @task
    def fanout(self) -> None:
        """Five waits, the way a plain handler does them."""
        self.ask(f"/fanout?n=5&delay={self.options.delay}")

    @tag("blocking")
    @task
    def blocking(self) -> None:
        """The pitfall."""
        self.ask(f"/blocking/{self.options.delay}")

    @tag("offload")
    @task
    def offload(self) -> None:
        """The repair."""
        self.ask(f"/offload/{self.options.delay}")

    @tag("cpu")
    @task
    def cpu(self) -> None:
        """The control."""
        self.ask(f"/cpu/{self.options.delay}")
