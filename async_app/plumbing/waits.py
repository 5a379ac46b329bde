"""The waiting function of each operation, and what these functions share: all that a framework needs of this twin."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from contract.settings import Settings
from serving.metrics import timed_loop

from ..blocking import blocking, offload
from ..cpu import cpu
from ..database import query
from ..files import file
from ..meetings import Meetings
from ..network import fetch
from ..people import People
from ..streams import drip, sse
from ..timers import delay, fanout
from .database import open_database
from .metrics import metrics
from .upstream import open_upstream

Wait = Callable[[Any], Awaitable[Any]]


@asynccontextmanager
async def open_waits(settings: Settings) -> AsyncIterator[Mapping[str, Wait]]:
    """Open what the waiting functions share until the context exits, and yield the functions by operation name."""
    meetings = Meetings()
    pool = ThreadPoolExecutor(settings.threads, "offload")
    async with AsyncExitStack() as stack:
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        upstream = await stack.enter_async_context(open_upstream(settings))
        database = await stack.enter_async_context(open_database(settings))
        people = People(database)
        await stack.enter_async_context(people.listening())
        await stack.enter_async_context(timed_loop())
        yield {
            "delay": delay,
            "fanout": fanout,
            "barrier": meetings.barrier,
            "fetch": partial(fetch, upstream=upstream),
            "query": partial(query, database=database),
            "file": partial(file, directory=settings.file_directory, pool=pool),
            "ask": people.ask,
            "answer": people.answer,
            "drip": drip,
            "sse": sse,
            "cpu": cpu,
            "blocking": blocking,
            "offload": partial(offload, pool=pool),
            "metrics": metrics,
        }
