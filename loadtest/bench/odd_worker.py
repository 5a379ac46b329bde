"""Run a load generator with faults on demand: arguments as for the real one, and perhaps the path of a log.

SIGUSR1 sets its wall clock five minutes ahead, SIGUSR2 loses its next message. It starts when a line comes on standard
input, so that it can come at a chosen moment. The log gets the response times of each window, in milliseconds, one
window in a line.
"""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import locust

from loadtest.generator import worker
from loadtest.generator.orders import MEASURED, OPENED

ARGUMENTS = 5
"""The number of words of the real one's command."""

AHEAD = 300.0
"""Seconds that the clock is set ahead."""


def _set_clock_ahead(*_signal: object) -> None:
    real = time.time
    time.time = lambda: real() + AHEAD


class OddLink(worker.Link):
    """A connection that loses messages on demand, and notices when windows open and have been measured."""

    lost = 0
    raw: list[float] = []  # noqa: RUF012 - of this process
    log: Path | None = None

    @classmethod
    def lose(cls, *_signal: object) -> None:
        """Lose the next message."""
        cls.lost += 1

    def tell(self, event: dict[str, Any]) -> None:
        """Send an event, and log what was asked between the opening of a window and its measurements."""
        if event["event"] == OPENED:
            self.raw.clear()
        if event["event"] == MEASURED and self.log:
            with self.log.open("a") as file:
                print(*self.raw, file=file)
        super().tell(event)

    def _send(self, message: dict[str, str]) -> None:
        if self.lost:
            OddLink.lost -= 1
        else:
            super()._send(message)


def main() -> None:
    """Run the load generator."""
    if len(sys.argv) > ARGUMENTS:
        OddLink.log = Path(sys.argv.pop())
    signal.signal(signal.SIGUSR1, _set_clock_ahead)
    signal.signal(signal.SIGUSR2, OddLink.lose)
    listen: Callable[..., None] = lambda response_time, **_: OddLink.raw.append(response_time)  # noqa: E731
    locust.events.request.add_listener(listen)  # type: ignore[no-untyped-call] # untyped in Locust
    worker.Link = OddLink  # type: ignore[misc] # in this process only
    sys.stdin.readline()
    worker.main()


if __name__ == "__main__":
    main()
