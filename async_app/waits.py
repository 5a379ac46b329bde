"""Which function waits for each operation, and what those functions share: all that a framework needs of this twin."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from contract.settings import Settings

from .blocking import blocking, offload
from .cpu import cpu
from .meetings import Meetings
from .timers import delay, fanout

Wait = Callable[[Any], Awaitable[Any]]


@asynccontextmanager
async def open_waits(settings: Settings) -> AsyncIterator[Mapping[str, Wait]]:
    """The waiting function of each operation that waits, by the operation's name, until the context is left."""
    meetings = Meetings()
    pool = ThreadPoolExecutor(settings.threads, "offload")
    yield {
        "delay": delay,
        "fanout": fanout,
        "barrier": meetings.barrier,
        "cpu": cpu,
        "blocking": blocking,
        "offload": partial(offload, pool=pool),
    }
    pool.shutdown(wait=False, cancel_futures=True)
