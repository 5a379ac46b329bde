"""The model that the steps of a service show: the wait of its requests, and its limit."""

from typing import Annotated

from pydantic import Field

from .record import Record

Positive = Annotated[float, Field(gt=0)]


class Limited(Record):
    """A limit that several saturated steps have in common. Throughput is in requests per second."""

    name: str
    """The resource that a request holds: slots, event loops or CPU."""
    capacity: Annotated[int, Field(ge=1)]
    """Requests that it serves at once; of CPU, the cores that were busy."""
    cores: Positive | None = None
    """Cores that were busy; None unless the limit is CPU."""
    low: Positive
    high: Positive
    """The range of throughput times wait over all windows, which is the number of requests served at once."""
    throughput: Positive
    """The mean of the saturated steps."""
    loads: Annotated[list[int], Field(min_length=2)]
    """The users of the saturated steps."""


class Inferred(Record):
    """The model of a service of the user's own, from its steps. Times are in seconds."""

    wait: Positive
    """The median, over the repeats, of the mean response time of one user."""
    fastest: Positive
    slowest: Positive
    """The range of the same over the repeats."""
    unsaturated: bool
    """True if no step was saturated."""
    limit: Limited | None
    why: str
    """The reason why no limit is stated, as a clause; empty if one is."""
