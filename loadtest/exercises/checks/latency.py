"""The check of a program that measures latency while the service that it asks is frozen for a time."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator

from loadtest.exercises.trial import TICK, Observation, Trial, reaches

REQUESTS = 60
"""Requests that the program sends, RATE a second."""

RATE = 20

FREEZE_AT = 10
"""Requests after which the service is frozen."""

FREEZE = (1.2, 1.6)
"""Shortest and longest time in seconds for which it is frozen."""

PATIENT = 6.0
"""Seconds without another request after which the program is not expected to send one."""


async def latency(trial: Trial) -> AsyncIterator[Observation]:
    """Check that a service that was frozen is seen in the 90th percentile that a program prints."""
    upstream = trial.upstream
    upstream.release()
    began = time.monotonic()
    await reaches(lambda: upstream.seen, FREEZE_AT, PATIENT)
    upstream.hold()
    frozen = random.uniform(*FREEZE)  # noqa: S311 - no secret
    await asyncio.sleep(frozen)
    upstream.release()
    await reaches(lambda: upstream.seen, REQUESTS, PATIENT)
    yield Observation(f"{upstream.seen} of {REQUESTS} requests were sent.", upstream.seen == REQUESTS)
    ticks = 0
    while (output := trial.box.ended()) is None and ticks < PATIENT / TICK:
        await asyncio.sleep(TICK)
        ticks += 1
    took = (time.monotonic() - began) * 1000
    printed = re.search(r"\bp90:? *([\d.]+) *ms", output or "")
    if printed is None:
        yield Observation(f"The program printed no line like p90 12 ms, but {(output or 'nothing')[-200:]!r}.", False)
        return
    p90, least = float(printed[1]), _least(frozen)
    said = f"The service was frozen for {frozen * 1000:.0f} ms; the program said p90 {p90:.0f} ms"
    if not least <= p90 <= took:
        yield Observation(f"{said}, users would have said {least:.0f} ms or more.", False)
        return
    yield Observation(f"{said}, as users would have.", True)


def _least(frozen: float) -> float:
    """Return the milliseconds that the 90th percentile has at least.

    Requests that were due during the freeze waited until its end, one every 1 / RATE seconds less. A tenth of all
    requests are slower than the 90th percentile; four more allow for the ways to count it and for a late freeze.
    """
    return (frozen - (REQUESTS / 10 + 4) / RATE) * 1000
