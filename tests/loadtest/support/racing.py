"""A race, over HTTP: what its page asks for and hears."""

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
"""Seconds after which Locust no longer repeats what it answered."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def problem(self) -> str:
        """The sentence that says what is wrong."""
        problem: str = json.loads(self.body)["problem"]
        return problem


def ask(path: str, body: str | None = None, port: int = ports.LOCUST, **headers: str) -> Answer:
    """GET `path`, or POST the body to it; in the names of headers, _ stands for -."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET" if body is None else "POST", path, body, named)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


def post(what: str, said: Any, port: int = ports.LOCUST) -> Answer:
    """What the page's buttons send."""
    return ask(f"/race/{what}", json.dumps(said), port, Content_Type="application/json")


def start(users: int, delay: str, scenario: str, port: int = ports.LOCUST) -> None:
    """Start a race, or change it."""
    started = post("start", {"users": users, "delay": delay, "scenario": scenario}, port)
    assert started.status == 200, started.body


@contextmanager
def events(port: int = ports.LOCUST) -> Iterator[Iterator[Any]]:
    """What somebody hears who looks at the page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/race/events")
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Type")) == (200, "text/event-stream; charset=utf-8")
        yield (json.loads(line.removeprefix(b"data: ")) for line in response if line.strip())
    finally:
        connection.close()


def heard(enough: Callable[[Any], bool], port: int = ports.LOCUST) -> Any:
    """The first event that is enough."""
    deadline = time.monotonic() + WITHIN
    with events(port) as told:
        for event in told:
            if enough(event):
                return event
            if time.monotonic() > deadline:
                pytest.fail(f"never enough: {event}")
    return pytest.fail("the events ended")


def counted(port: int = ports.LOCUST) -> dict[str, int]:
    """Requests of each service, by Locust's own statistics, which it looks up every two seconds at the most."""
    time.sleep(STALE)
    sums: dict[str, int] = {}
    for entry in json.loads(ask("/stats/requests", port=port).body)["stats"]:
        if entry["name"] != "Aggregated":
            service = entry["name"].partition(" ")[0]
            sums[service] = sums.get(service, 0) + entry["num_requests"]
    return sums


def stopped(port: int = ports.LOCUST) -> Any:
    """What is heard once the race has stopped."""
    post("stop", {}, port)
    return heard(lambda event: event["state"] == "ready", port)
