"""The waiting function of each operation, and what these functions share: all that a framework needs of this twin."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from contract.settings import Settings

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

Wait = Callable[[Any], Any]


@contextmanager
def open_waits(settings: Settings) -> Iterator[Mapping[str, Wait]]:
    """Open what the waiting functions share until the context exits, and yield the functions by operation name."""
    meetings = Meetings()
    with ExitStack() as stack:
        upstream = stack.enter_context(open_upstream(settings))
        database = stack.enter_context(open_database(settings))
        people = People(database)
        stack.enter_context(people.listening())
        yield {
            "delay": delay,
            "fanout": fanout,
            "barrier": meetings.barrier,
            "fetch": partial(fetch, upstream=upstream),
            "query": partial(query, database=database),
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
