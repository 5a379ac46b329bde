"""Which function waits for each operation, and what those functions share: all that a framework needs of this twin."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from contract.settings import Settings

from .blocking import blocking, offload
from .cpu import cpu
from .meetings import Meetings
from .timers import delay, fanout

Wait = Callable[[Any], Any]


@contextmanager
def open_waits(_settings: Settings) -> Iterator[Mapping[str, Wait]]:
    """The waiting function of each operation that waits, by the operation's name, until the context is left."""
    meetings = Meetings()
    yield {
        "delay": delay,
        "fanout": fanout,
        "barrier": meetings.barrier,
        "cpu": cpu,
        "blocking": blocking,
        "offload": offload,
    }
