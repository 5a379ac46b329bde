"""Waiting for timers."""

import time

from contract.parameters import Duration, Fanout

from .several import several


def delay(asked: Duration) -> None:
    """Wait once."""
    time.sleep(asked.duration)  # holds a thread


def fanout(asked: Fanout) -> None:
    """Wait n times: idiomatically, one after the other, or at once."""

    def wait(_number: int) -> None:
        time.sleep(asked.delay)  # holds a thread

    several(asked, wait)
