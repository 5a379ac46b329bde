"""The answer to the question whether a service should go async for a load that it is needed for."""

from typing import Annotated

from pydantic import Field

from .record import Record

Count = Annotated[int, Field(ge=1)]


class Costs(Record):
    """Bytes of memory of one more waiting request, measured on the twins before the run."""

    thread: Annotated[float, Field(ge=0)]
    coroutine: Annotated[float, Field(ge=0)]


class Proposal(Record):
    """One way to serve the load, with what is predicted of it."""

    what: str
    """In words: as it is, or threads, processes or coroutines with their number."""
    processes: Count | None
    slots: Count | None
    """Requests at once; None: without limit."""
    throughput: float
    """Requests per second."""
    p99: float | None
    """Seconds; None: the backlog grows without end."""
    memory: float | None
    """Bytes; None if unknown."""
    cores: float | None
    """Cores that are busy; None if unknown."""
    enough: bool
    """True if it carries the load, with a 99th percentile close to that without a queue."""


class Advice(Record):
    """The proposals for one service."""

    service: str
    need: str
    """The load in words."""
    proposals: list[Proposal]
    sentence: str
    """The answer."""
    note: str = ""
    """A sentence about what makes it uncertain; empty if nothing does."""
