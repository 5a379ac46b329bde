"""Waiting for timers."""

import time

from contract.bodies import Made
from contract.parameters import Duration, Fanout

from .several import several


def delay(asked: Duration) -> None:
    """Wait for `duration` seconds."""
    time.sleep(asked.duration)  # holds a thread


def fanout(asked: Fanout) -> Made[None]:
    """Wait n times for `delay` seconds each: as a plain handler does, one after the other, or all at once."""

    def wait(_number: int) -> None:
        time.sleep(asked.delay)  # holds a thread

    return several(asked, wait)
