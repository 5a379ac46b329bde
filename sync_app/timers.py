"""Waiting for timers."""

import time
from concurrent.futures import ThreadPoolExecutor

from contract.parameters import Duration, Fanout


def delay(asked: Duration) -> None:
    """Wait once."""
    time.sleep(asked.duration)  # holds a thread


def fanout(asked: Fanout) -> None:
    """Wait n times: idiomatically, one after the other, or at once."""
    if asked.mode == "concurrent":
        with ThreadPoolExecutor(asked.n) as pool:
            for _ in range(asked.n):
                pool.submit(time.sleep, asked.delay)  # holds n threads, and this one
    else:
        for _ in range(asked.n):
            time.sleep(asked.delay)  # holds a thread, n times as long
