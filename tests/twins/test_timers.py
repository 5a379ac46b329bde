import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from async_app.meetings import Meetings
from async_app.timers import delay
from contract.parameters import Duration, Meeting

Loop = Callable[[], asyncio.AbstractEventLoop]

# Many waits of uneven length at once: uvloop's own timers fire early when the loop wakes up for another timer.
LENGTHS = [0.0005 + 0.00013 * i for i in range(400)]
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


def shortest(loop: Loop, wait: Callable[[float], Awaitable[object]]) -> float:
    """Return the smallest excess of a wait over its length, in seconds; negative if a wait was too short."""

    async def beyond(length: float) -> float:
        began = time.perf_counter()
        await wait(length)
        return time.perf_counter() - began - length

    async def at_once() -> list[float]:
        return await asyncio.gather(*map(beyond, LENGTHS))

    with asyncio.Runner(loop_factory=loop) as runner:
        return min(*runner.run(at_once()), *runner.run(at_once()))


@LOOPS
def test_a_delay_never_wakes_early(loop: Loop) -> None:
    assert shortest(loop, lambda length: delay(Duration.model_construct(duration=length))) >= 0


@LOOPS
def test_a_barrier_never_gives_up_early(loop: Loop) -> None:
    assert shortest(loop, lambda length: Meetings().barrier(Meeting.model_construct(n=2, timeout=length))) >= 0
