"""The arrivals of a window of an open load: those that were predicted, and those that were measured.

A request belongs to the window in which it was intended to start, whenever it was sent and answered.
"""

from typing import Annotated

from pydantic import Field

from .record import Record

Count = Annotated[int, Field(ge=0)]
Histogram = dict[float, Annotated[int, Field(ge=1)]]
"""Milliseconds, to three significant digits, to number of requests."""


class Forecast(Record):
    """The prediction for the arrivals of a window: each was replayed through the queues of the model."""

    latency: Histogram
    """Latency of the requests that are served within the clients' patience."""
    lost: Count
    """Requests that are refused, or not served within the patience."""
    in_flight: float
    """Requests in flight, on average."""
    slope: float
    """Growth of the backlog in requests per second, from the window's beginning to its end."""
    diverges: bool
    """True if the backlog grows without end, so that latencies only measure for how long it has grown."""


class Arrived(Record):
    """The measurements of a window's arrivals. Every arrival is served or lost."""

    seconds: Annotated[float, Field(gt=0)]
    """The length of the window by the schedule."""
    offered: Count
    """Arrivals in the window."""
    lost: Count
    """Arrivals that were refused, failed, not answered within the clients' patience, or never sent."""
    spent_ms: float
    """The sum of the times from the intended start until the request had ended or was given up, in milliseconds."""
    service_ms: Histogram
    """The time from the actual send to the answer, of the requests that were served."""
    late_ms: Histogram
    """By how much requests were sent late, in milliseconds, by the load generator's own fault: a client was free."""
    waited: Count
    """Arrivals for which no client was free at the intended start, so that they were sent late."""
    early: Count
    """Requests that were sent before their intended start."""
    clients: Count
    """The number of clients: the most requests that could be in flight."""
    in_flight: float
    """Requests in flight, on average, with those that waited for a client."""
    edges: Count
    """Requests in flight at the window's beginning or at its end, whichever is more."""
    slope: float
    """Growth of the backlog in requests per second, from the window's beginning to its end."""
    shares: list[Count]
    """Requests that each process of the service answered, the busiest first; empty if the service does not say."""
    latencies: list[float | None] = Field(default_factory=list, exclude=True)
    """The latency of each arrival in milliseconds, in their order; None: not served. Not saved."""
