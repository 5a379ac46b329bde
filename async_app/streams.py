"""Waiting between the pieces of a response."""

import time
from collections.abc import AsyncIterator

from contract.bodies import event
from contract.parameters import Drip, Events
from serving.sleep import sleep


async def drip(asked: Drip) -> AsyncIterator[bytes]:
    """Wait `delay` seconds, then return the bytes, spread over `duration` seconds, or in one piece if that is 0."""
    await sleep(asked.delay)  # holds a coroutine
    if asked.duration == 0:
        return (b"*" * asked.numbytes async for _ in _paced(1, 0))
    return (b"*" async for _ in _paced(asked.numbytes, asked.pause(asked.numbytes)))


async def sse(asked: Events) -> AsyncIterator[bytes]:
    """Wait `delay` seconds, then return the events, spread over `duration` seconds."""
    await sleep(asked.delay)  # holds a coroutine
    return (event(number, time.time()) async for number in _paced(asked.count, asked.pause(asked.count)))


async def _paced(count: int, pause: float) -> AsyncIterator[int]:
    """Yield the numbers below `count`, one every `pause` seconds. A late number does not delay the next ones."""
    began = time.monotonic()
    for number in range(count):
        await sleep(max(0.0, began + number * pause - time.monotonic()))  # holds a coroutine
        yield number
