"""Start, control and stop the process of the load generator."""

import json
import queue
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, Any

from backing.processes import PYTHON, lines_of, logged, tail

from .joined import joined, told
from .orders import CLOSED, FAILED, MEASURED, NOTICE, OPENED, READY, REFUSED, Job, Order

COMMAND = [*PYTHON, "loadtest.generator.process"]

ANSWER_WITHIN = 30.0
"""Seconds that the load generator may take to reply, beyond the planned duration of its order."""

READY_WITHIN = 60.0
"""Seconds that it may take to be ready for a job: several begin anew for each."""


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
        self.notices: list[str] = []
        """Sentences about load generators that take part no longer."""
        self.masters: tuple[int, ...] = ()
        """The process that leads several load generators, and generates no load."""

    def begin(self, job: Job) -> int:
        """Send the job, and return once the load generator is ready: the fewest users with whom all kinds are there."""
        self.say({"job": asdict(job)})
        fewest: int = self.hear(READY, READY_WITHIN)["fewest"]
        return fewest

    def measure(self, order: Order) -> dict[str, Any]:
        """Run one step, and return the measurements of its window."""
        self.open(order)
        self.close(order)
        return self.result(order)

    def open(self, order: Order) -> None:
        """Send the order of one step to the load generator, and return when the window of the step opens."""
        self.say({"order": asdict(order)})
        self.hear(OPENED, order.warmup + 2 * order.patience + ANSWER_WITHIN)

    def close(self, order: Order) -> None:
        """Wait until the window of this step closes."""
        self.hear(CLOSED, order.window + order.patience + ANSWER_WITHIN)

    def result(self, order: Order) -> dict[str, Any]:
        """Wait until the requests of the window have ended, and return its measurements.

        They are joined if several load generators measured, with the part of each under `generators`.
        """
        heard = self.hear(MEASURED, order.patience + ANSWER_WITHIN)
        windows = heard.get("generators", [heard])
        parts = {"generators": told(windows), "faults": heard["faults"]} if "generators" in heard else {}
        return {**joined(windows), **parts}

    def again(self) -> None:
        """End the job, so that another one can begin."""
        self.say({"again": True})

    def say(self, message: dict[str, Any]) -> None:
        """Send one message."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._failure("has exited") from None

    def hear(self, event: str, within: float) -> dict[str, Any]:
        """Return the next event, which must be `event`, unless the load generator cannot use a locustfile."""
        try:
            heard = self.next(within)
        except queue.Empty:
            raise self._failure(f"sent nothing for {within:.0f} s") from None
        assert heard["event"] == event, f"{heard['event']} instead of {event}"
        return heard

    def next(self, within: float) -> dict[str, Any]:
        """Return the next event. Raises queue.Empty if there is none within `within` seconds."""
        line = self._lines.get(timeout=within)
        if not line:
            raise self._failure("has exited")
        heard: dict[str, Any] = json.loads(line)
        if heard["event"] == NOTICE:
            self.notices.append(heard["told"])
            return self.next(within)
        if heard["event"] == REFUSED:
            raise LocustfileRefused(heard["told"])
        if heard["event"] == FAILED:
            raise GeneratorFailed(heard["told"])
        return heard

    def _failure(self, what: str) -> GeneratorFailed:
        return GeneratorFailed(f"The load generator {what}.\n{tail(self._log)}")


@contextmanager
def generator() -> Iterator[Driver]:
    """Run a load generator until the context exits, and yield its driver."""
    with logged(COMMAND, stdin=subprocess.PIPE) as (process, log):
        yield Driver(process, log)
