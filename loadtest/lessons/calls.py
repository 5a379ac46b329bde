"""Experiments of single requests: how long one takes, and who is answered at all."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from backing.environment import Backing, Need
from loadtest.measure.comparison import Progress
from loadtest.processes.service import running

from .lesson import Finding
from .marking import figure
from .model import service

START = 2.0
"""Estimated seconds until a service has started."""

BETWEEN = 0.05
"""Seconds between two looks at the metrics of a service."""

FULL = 0.5
"""Seconds without an answer after which a service has no thread left."""

SERVED = 200


@dataclass(frozen=True)
class Fanout:
    """One request for `times` waits of `wait` seconds: the seconds that it takes on `service`, and on `beside`."""

    service: str
    beside: str
    times: int
    wait: float

    needs: frozenset[Need] = frozenset()

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""
        return START + self.times * self.wait

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Send both services the request at the same moment."""
        progress.begins("both services", f"{self.times} waits of {self.wait:g} s", 1, self.seconds)
        target = f"/fanout?n={self.times}&delay={self.wait:g}s"
        with ExitStack() as started, ThreadPoolExecutor(2) as clients:
            servers = [
                started.enter_context(running(service(name), behind.environment))
                for name in (self.service, self.beside)
            ]
            asked, other = clients.map(lambda server: _timed(server.url, target, self.seconds), servers)
        if asked is None:
            return Finding(None, doubts=(f"{self.service} did not answer with status {SERVED}",))
        told = "did not answer" if other is None else f"took {figure(other)} s for the same request"
        return Finding(asked, (f"{self.beside} {told}.",))


@dataclass(frozen=True)
class Askers:
    """People who each ask a question, and are answered by requests to the same service: how many threads it needs.

    The service with each number of `threads` gets `people` questions at once, which time out after `timeout` seconds.
    The answer is the smallest number with which every question is answered.
    """

    people: int
    threads: tuple[int, ...]
    timeout: float

    needs: frozenset[Need] = frozenset(("database",))

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""
        return len(self.threads) * START + 2 * self.timeout

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Ask the same number of questions of each service at the same moment."""
        progress.begins("all services", f"{self.people} questions", 1, self.seconds)
        with ExitStack() as started, ThreadPoolExecutor(len(self.threads)) as trials:
            servers = [
                started.enter_context(running(service(f"flask-threads:workers=1:threads={number}"), behind.environment))
                for number in self.threads
            ]
            answered = list(trials.map(lambda server: self._answered(server.url), servers))
        told = [
            f"{number} threads: {count} of {self.people} answered"
            for number, count in zip(self.threads, answered, strict=True)
        ]
        enough = [number for number, count in zip(self.threads, answered, strict=True) if count == self.people]
        doubts = () if enough else (f"no service answered all {self.people} questions",)
        return Finding(min(enough, default=None), (f"{'; '.join(told)}.",), doubts)

    def _answered(self, url: str) -> int:
        """Ask all questions and answer them, and return the number of questions that were answered."""
        until = time.monotonic() + self.timeout
        within = 3 * self.timeout
        names = [uuid4().hex for _ in range(self.people)]
        with ThreadPoolExecutor(2 * self.people) as clients:
            targets = [f"/ask/{name}?timeout={self.timeout:g}s" for name in names]
            asked = [clients.submit(_call, url, "GET", target, within) for target in targets]
            _all_wait(url, self.people, until)
            for name in names:
                clients.submit(_call, url, "POST", f"/answer/{name}", within, b"soup")
            said = [each.result() for each in asked]
        return sum(each is not None and each.status == SERVED for each in said)


def _all_wait(url: str, requests: int, until: float) -> None:
    """Return once this many requests wait on a service, or once it has no thread left to say so."""
    waiting = f"\nhttp_requests_in_flight {requests}.0\n"
    while time.monotonic() < until:
        said = _call(url, "GET", "/metrics", FULL)
        if said is None or waiting in said.text:
            return
        time.sleep(BETWEEN)


def _timed(url: str, target: str, within: float) -> float | None:
    """Return the seconds of a request, connecting included, or None unless it was served."""
    began = time.perf_counter()
    said = _call(url, "GET", target, 2 * within)
    return time.perf_counter() - began if said is not None and said.status == SERVED else None


class _Said(NamedTuple):
    """A response."""

    status: int
    text: str


def _call(url: str, method: str, target: str, within: float, body: bytes | None = None) -> _Said | None:
    """Send one request, and return the response, or None if there was none within `within` seconds."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=max(BETWEEN, within))
    try:
        connection.request(method, target, body)
        response = connection.getresponse()
        return _Said(response.status, response.read().decode(errors="replace"))
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
