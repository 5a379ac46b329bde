"""Which function waits for each operation, and what those functions share: all that a framework needs of this twin."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from contract.settings import Settings

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

Wait = Callable[[Any], Any]


@contextmanager
def open_waits(settings: Settings) -> Iterator[Mapping[str, Wait]]:
    """The waiting function of each operation that waits, by the operation's name, until the context is left."""
    meetings = Meetings()
    with ExitStack() as stack:
        network = stack.enter_context(Network(settings))
        database = stack.enter_context(Database(settings))
        people = stack.enter_context(People(database))
        yield {
            "delay": delay,
            "fanout": fanout,
            "barrier": meetings.barrier,
            "fetch": network.fetch,
            "query": database.query,
            "file": partial(file, directory=settings.file_directory),
            "ask": people.ask,
            "answer": people.answer,
            "drip": drip,
            "sse": sse,
            "cpu": cpu,
            "blocking": blocking,
            "offload": offload,
            "metrics": metrics,
        }
