"""Waiting between the pieces of a response."""

import time
from collections.abc import Iterator

from contract.bodies import event
from contract.parameters import Drip, Events


def drip(asked: Drip) -> Iterator[bytes]:
    """Wait `delay` seconds, then return the bytes, spread over `duration` seconds, or in one piece if that is 0."""
    time.sleep(asked.delay)  # holds a thread
    if asked.duration == 0:
        return (b"*" * asked.numbytes for _ in _paced(1, 0))
    return (b"*" for _ in _paced(asked.numbytes, asked.pause(asked.numbytes)))


def sse(asked: Events) -> Iterator[bytes]:
    """Wait `delay` seconds, then return the events, spread over `duration` seconds."""
    time.sleep(asked.delay)  # holds a thread
    return (event(number, time.time()) for number in _paced(asked.count, asked.pause(asked.count)))


def _paced(count: int, pause: float) -> Iterator[int]:
    """Yield the numbers below `count`, one every `pause` seconds. A late number does not delay the next ones."""
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number * pause - time.monotonic()))  # holds a thread
        yield number
