"""Several calls in one of three modes: as a plain handler makes them, one after the other, or all at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from contract.bodies import Made
from contract.parameters import Fanout

T = TypeVar("T")


def several(asked: Fanout, once: Callable[[int], T]) -> Made[T]:
    """Call `once` with each number from 0 to n - 1, and return the results in order."""
    if asked.mode == "concurrent":
        with ThreadPoolExecutor(asked.n) as pool:
            return Made("concurrent", list(pool.map(once, range(asked.n))))  # holds n threads, and this one
    return Made("sequential", [once(number) for number in range(asked.n)])  # holds a thread, n times as long
