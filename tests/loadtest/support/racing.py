"""An HTTP client for a race: the requests and events of its page."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest

from contract import ports

URL = f"http://127.0.0.1:{ports.LOCUST}"
PAGE = f"{URL}/race"
WITHIN = 30.0

STALE = 2.1
"""Seconds after which Locust's cached statistics have expired."""


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def problem(self) -> str:
        """The error message in the body."""
        problem: str = json.loads(self.body)["problem"]
        return problem


def ask(path: str, body: str | None = None, port: int = ports.LOCUST, **headers: str) -> Answer:
    """GET `path`, or POST `body` to it if given. In names of headers, _ stands for -."""
    connection = HTTPConnection("127.0.0.1", port, timeout=WITHIN)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET" if body is None else "POST", path, body, named)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


def post(what: str, said: Any, port: int = ports.LOCUST) -> Answer:
    """Send the request of a button of the page, with `said` as its JSON body."""
    return ask(f"/race/{what}", json.dumps(said), port, Content_Type="application/json")


def start(users: int, delay: str, scenario: str, port: int = ports.LOCUST) -> None:
    """Start a race of users, or change the running one."""
    started = post("start", {"users": users, "delay": delay, "scenario": scenario}, port)
    assert started.status == 200, started.body


def start_arrivals(rate: float, delay: str, scenario: str, port: int = ports.LOCUST) -> None:
    """Start a race of arrivals, or change the running one."""
    started = post("start", {"rate": rate, "delay": delay, "scenario": scenario}, port)
    assert started.status == 200, started.body


@contextmanager
def events(port: int = ports.LOCUST) -> Iterator[Iterator[Any]]:
    """Yield an iterator over the events that the page receives."""
    connection = HTTPConnection("127.0.0.1", port, timeout=WITHIN)
    try:
        connection.request("GET", "/race/events")
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Type")) == (200, "text/event-stream; charset=utf-8")
        assert response.getheader("X-Accel-Buffering") == "no"
        yield (json.loads(line.removeprefix(b"data: ")) for line in response if line.strip())
    finally:
        connection.close()


def heard(enough: Callable[[Any], bool], port: int = ports.LOCUST) -> Any:
    """Return the first event from now on for which `enough` is true. Fail after WITHIN seconds."""
    with events(port) as told:
        return first(told, enough)


def first(told: Iterator[Any], enough: Callable[[Any], bool]) -> Any:
    """Return the first of these events for which `enough` is true. Fail after WITHIN seconds."""
    deadline = time.monotonic() + WITHIN
    for event in told:
        if enough(event):
            return event
        if time.monotonic() > deadline:
            pytest.fail(f"no event was enough, the last: {event}")
    return pytest.fail("the events ended")


def counted(port: int = ports.LOCUST) -> dict[str, int]:
    """Return the number of requests of each service from Locust's statistics, which it caches for two seconds."""
    time.sleep(STALE)
    sums: dict[str, int] = {}
    for entry in json.loads(ask("/stats/requests", port=port).body)["stats"]:
        if entry["name"] != "Aggregated":
            service = entry["name"].partition(" ")[0]
            sums[service] = sums.get(service, 0) + entry["num_requests"]
    return sums


def stopped(port: int = ports.LOCUST) -> Any:
    """Stop the race, and return the first event after it has stopped."""
    post("stop", {}, port)
    return heard(lambda event: event["state"] == "ready", port)
