"""The part of one of several load generators in a window, which each opens and closes by its own clock."""

from typing import Annotated

from pydantic import Field

from loadtest.workload.share import Share

from .arrivals import Arrived, Histogram
from .record import Record


class GeneratorWindow(Record):
    """The window of one load generator."""

    name: str
    host: str
    """The name of its machine."""
    local: bool
    """True if it ran on the machine of the command, on the cores of everything but the services."""
    share: Share
    """The place among the load generators of the step, from 0, and their number."""
    users: tuple[int, int]
    """The users, or the clients of an open load, at the beginning and at the end of the window."""
    seconds: Annotated[float, Field(gt=0)]
    """The length of the window."""
    requests: int
    failures: int
    response_ms: float
    """The sum of all response times, in milliseconds."""
    latency: Histogram
    """The histogram of its own requests, as in Measured."""
    cpu: float
    """Cores that it used; its maximum is 1."""
    stalled: float
    """The longest time in seconds in which nothing in it ran."""
    throttled: float
    """Seconds in which a CPU quota held back the processes of its control groups."""
    busy: float
    """The busy share of all cores that it may use, from 0 to 1."""
    opened: float
    """Seconds from the first opening of a window of the step until this one opened, by the master's clock."""
    closed: float
    """Seconds until this one closed, likewise."""
    arrivals: Arrived | None = None
    """The arrivals of its share; None for a closed load."""
