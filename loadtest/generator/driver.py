"""Start, control and stop the process of the load generator."""

import json
import queue
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from backing.processes import PYTHON, lines_of, logged, tail
from loadtest.contenders.request import Request
from loadtest.contenders.target import Tls
from loadtest.workload import Load

COMMAND = [*PYTHON, "loadtest.generator.process"]

REFUSED = "refused"
"""The event of a load generator that cannot use a locustfile."""

ANSWER_WITHIN = 30.0
"""Seconds that the load generator may take to reply, beyond the planned duration of its order."""


@dataclass(frozen=True)
class Job:
    """The service under load and its requests: `requests` for a target, otherwise those of `scenario`."""

    name: str
    url: str
    scenario: str
    delay: str
    wait: float
    """`delay` in seconds. The first requests of all users are spread over this time."""
    requests: tuple[Request, ...] = ()
    tls: Tls = field(default_factory=Tls)
    locustfile: str | None = None
    """The path of a file with users of one's own, who take the place of those who send `requests`."""
    slow_clients: int = 0
    """The number of other clients that hold a half-sent request."""


@dataclass(frozen=True)
class Order:
    """One step: the load, and the seconds of its warm-up and window."""

    load: Load
    warmup: float
    window: float
    patience: float
    """Seconds to wait for the completed request that opens or closes the window; in an open model, for the last answer
    to its requests."""
    delay: float | None = None
    """Seconds of the delay, if it differs from that of the job."""
    repeat: int = 1
    """The number of the repeat, which has a schedule of its own in an open model."""
    deadlines: tuple[float, ...] = ()
    """Seconds within which an answer is good."""


class GeneratorFailed(Exception):
    """The load generator exited or stopped replying. The message contains the end of its log."""


class LocustfileRefused(GeneratorFailed):
    """A locustfile cannot be used. The message is a sentence."""


class Driver:
    """A connection to a load generator, which runs one step at a time. Methods raise GeneratorFailed."""

    def __init__(self, process: subprocess.Popen[str], log: IO[str]) -> None:
        self._process = process
        self._log = log
        self._lines = lines_of(process.stdout)

    def begin(self, job: Job) -> int:
        """Send the job, and return once the load generator is ready: the fewest users with whom all kinds are there."""
        self._say(asdict(job))
        fewest: int = self._hear(ANSWER_WITHIN)["fewest"]
        return fewest

    def measure(self, order: Order) -> dict[str, Any]:
        """Run one step, and return the measurements of its window."""
        self.open(order)
        self.close(order)
        return self.result(order)

    def open(self, order: Order) -> None:
        """Send the order of one step to the load generator, and return when the window of the step opens."""
        self._say(asdict(order))
        self._hear(order.warmup + order.patience + ANSWER_WITHIN)

    def close(self, order: Order) -> None:
        """Wait until the window of this step closes."""
        self._hear(order.window + order.patience + ANSWER_WITHIN)

    def result(self, order: Order) -> dict[str, Any]:
        """Wait until the requests of the window have ended, and return its measurements."""
        return self._hear(order.patience + ANSWER_WITHIN)

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._failure("has exited") from None

    def _hear(self, within: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=within)
        except queue.Empty:
            raise self._failure(f"sent nothing for {within:.0f} s") from None
        if not line:
            raise self._failure("has exited")
        heard: dict[str, Any] = json.loads(line)
        if heard["event"] == REFUSED:
            raise LocustfileRefused(heard["told"])
        return heard

    def _failure(self, what: str) -> GeneratorFailed:
        return GeneratorFailed(f"The load generator {what}.\n{tail(self._log)}")


@contextmanager
def generator() -> Iterator[Driver]:
    """Run a load generator until the context exits, and yield its driver."""
    with logged(COMMAND, stdin=subprocess.PIPE) as (process, log):
        yield Driver(process, log)
