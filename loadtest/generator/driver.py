"""The other end of the load generator: its process, started, spoken to and stopped."""

import json
import queue
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any

from backing.processes import lines_of, logged, tail
from loadtest.workload import Load

COMMAND = [sys.executable, "-m", "loadtest.generator.process"]

ANSWER_WITHIN = 30.0
"""Seconds beyond its own plan that the generator may take to answer."""


@dataclass(frozen=True)
class Job:
    """Whom to ask for what. `path` is asked of a service that is not ours; ours are asked for the scenario's."""

    name: str
    url: str
    scenario: str
    delay: str
    wait: float
    """`delay` in seconds, over which users that start together are spread."""
    path: str | None = None


@dataclass(frozen=True)
class Order:
    """Which load, and for how many seconds before and within the window."""

    load: Load
    warmup: float
    window: float
    patience: float
    """Seconds to wait for the completion that opens or closes the window."""


class GeneratorFailed(Exception):
    """The load generator died or fell silent; the message holds the end of its log."""


class Driver:
    """A load generator that takes one step at a time."""

    def __init__(self, process: subprocess.Popen[str], log: IO[str]) -> None:
        self._process = process
        self._log = log
        self._lines = lines_of(process.stdout)

    def begin(self, job: Job) -> None:
        """Say whom to ask; return once the generator is ready."""
        self._say(asdict(job))
        self._hear(ANSWER_WITHIN)

    def measure(self, order: Order) -> dict[str, Any]:
        """Run one step, and return what was measured in its window."""
        self.open(order)
        return self.close(order)

    def open(self, order: Order) -> None:
        """Begin one step; return when its window opens."""
        self._say(asdict(order))
        self._hear(order.warmup + order.patience + ANSWER_WITHIN)

    def close(self, order: Order) -> dict[str, Any]:
        """Wait until the window of this step closes, and return what was measured in it."""
        return self._hear(order.window + order.patience + ANSWER_WITHIN)

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._failure("is gone") from None

    def _hear(self, within: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=within)
        except queue.Empty:
            raise self._failure(f"said nothing for {within:.0f} s") from None
        if not line:
            raise self._failure("is gone")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def _failure(self, what: str) -> GeneratorFailed:
        return GeneratorFailed(f"The load generator {what}.\n{tail(self._log)}")


@contextmanager
def generator() -> Iterator[Driver]:
    """A load generator, stopped when the context is left."""
    with logged(COMMAND, stdin=subprocess.PIPE) as (process, log):
        yield Driver(process, log)
