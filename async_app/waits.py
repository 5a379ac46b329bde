"""Which function waits for each operation, and what those functions share: all that a framework needs of this twin."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from contract.settings import Settings
from serving.metrics import timed_loop

from .blocking import blocking, offload
from .cpu import cpu
from .database import Database
from .files import file
from .meetings import Meetings
from .metrics import metrics
from .network import Network
from .people import People
from .streams import drip, sse
from .timers import delay, fanout

Wait = Callable[[Any], Awaitable[Any]]


@asynccontextmanager
async def open_waits(settings: Settings) -> AsyncIterator[Mapping[str, Wait]]:
    """The waiting function of each operation that waits, by the operation's name, until the context is left."""
    meetings = Meetings()
    pool = ThreadPoolExecutor(settings.threads, "offload")
    async with AsyncExitStack() as stack:
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        network = await stack.enter_async_context(Network(settings))
        database = await stack.enter_async_context(Database(settings))
        people = await stack.enter_async_context(People(database))
        await stack.enter_async_context(timed_loop())
        yield {
            "delay": delay,
            "fanout": fanout,
            "barrier": meetings.barrier,
            "fetch": network.fetch,
            "query": database.query,
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
