"""The search for a service's capacity: the highest rate that meets all objectives."""

from typing import Annotated, Literal

from pydantic import Field

from .record import Record

Share = Annotated[float, Field(ge=0, le=1)]
Fate = Literal["passed", "failed", "undecided", "inconclusive"]

INCONCLUSIVE: Fate = "inconclusive"

Rate = Annotated[float, Field(gt=0)]


class Probe(Record):
    """One rate that was tried. Its windows are steps of the run, with the same service and the same rate."""

    rate: Rate
    """Arrivals per second."""
    windows: Annotated[int, Field(ge=1)]
    """Windows that were measured until the probe was decided, or given up."""
    seconds: float
    """Duration of the probe in seconds, with starts, warm-ups and drains."""
    objective: str
    """The objective that is hardest to meet at this rate, as it was typed."""
    share: Share
    """The share of arrivals that missed this objective."""
    low: Share
    high: Share
    """The ends of the 95 % interval of the share."""
    outcome: Fate
    """`inconclusive`: a window cannot be trusted, so the share says nothing."""


class Capacity(Record):
    """The finding for one service. Rates are in arrivals per second."""

    service: str
    predicted: Rate | None
    """The highest rate that meets all objectives by a replay; None without a limit, or without a model."""
    passed: Rate | None
    """The highest rate that met all objectives; None if no rate did."""
    failed: Rate | None
    """The lowest rate above that one that missed an objective; None if no rate did."""
    bound: str
    """The bound of the service at the lowest rate that failed, or else at the highest that passed. If it kept up there,
    what its requests queued for; empty if that is unknown, or if no rate failed."""
    resolved: bool
    """True if both rates are so close that the answer is one figure."""
    why: str
    """The reason why the search ended without an answer; empty if it is resolved."""
    probes: list[Probe]
