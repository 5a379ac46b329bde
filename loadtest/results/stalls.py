"""Findings about the event loops of a watched service, the stretches that they are made of, and repairs."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loadtest.watch.sites import Site

from .record import Record

Share = Annotated[float, Field(ge=0, le=1)]
Times = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]

Kind = Literal[
    "blocking call",
    "computing",
    "C call with the lock",
    "burst of callbacks",
    "garbage collection",
    "lock of another thread",
]

BLOCKING: Kind = "blocking call"
COMPUTING: Kind = "computing"
LOCKED: Kind = "C call with the lock"
BURST: Kind = "burst of callbacks"
GARBAGE: Kind = "garbage collection"
OTHER_THREAD: Kind = "lock of another thread"

NOT_SCHEDULED = "not scheduled"
RARE = "rare"
"""Stretches that are no findings: the machine was busy elsewhere; too few at their line to be told from chance."""

Way = Literal["as it is", "in a thread", "awaited", "in processes"]


class Finding(Record):
    """One line that held the loops."""

    kind: Kind
    site: Site | None
    """The line; None if none was seen, as of garbage collection."""
    routes: dict[str, Times]
    """The requests that were held, by route, to the number of stalls; empty if they are unknown."""
    times: Annotated[int, Field(ge=1)]
    """The number of stalls."""
    p50_ms: Milliseconds
    worst_ms: Milliseconds
    request_ms: Milliseconds
    """Milliseconds for each request of the window, whichever route it took."""
    share: Share
    """The share of the loops' time."""
    cpu: Share
    """The share of the stalls in which the thread of the loop computed."""
    releases_lock: bool
    """True if other threads could run Python code meanwhile."""


class Stretch(Record):
    """One stall of one loop, in seconds from the opening of the window."""

    begin: float
    end: float
    what: str
    """The number of the finding, `not scheduled` or `rare`."""


class WatchedLoop(Record):
    """The event loop of one process."""

    process: int
    made_of: str
    """The loop and the Python that runs it."""
    busy: Share
    """The share of the window in which callbacks held it, or its thread computed."""
    cpu: Share
    """The share of the window in which its thread computed."""
    delayed: Share
    """The share of the window in which its thread could have run, but the machine ran something else; 0 if unknown."""
    stretches: list[Stretch]
    short: Share = 0.0
    """The share of the window in which callbacks that are too short to count held it and did not compute."""


class Waiting(Record):
    """A line at which requests waited while the loop was free."""

    site: Site
    share: Share
    """The share of the waiting tasks that were seen there."""


class Repair(Record):
    """The most requests per second of one process, as it is or with one repair."""

    finding: Annotated[int, Field(ge=0)] | None
    """The number of the finding that is repaired; None for the service as it is, and for all blocking calls at once."""
    way: Way
    predicted: Annotated[float, Field(ge=0)]
    bound: str
    """The tightest limit, in words."""
    assumes: str
    """The assumption, in a sentence."""
    measured: Annotated[float, Field(ge=0)] | None = None
    """Measured in this run; None if it was not."""


class Spotted(Record):
    """A line that a static checker points at."""

    tool: str
    site: Site
    said: str
    seen: bool
    """True if the run saw it hold the loop, too."""


class Stalls(Record):
    """The findings of one service under one open load."""

    service: str
    rate: Annotated[float, Field(gt=0)]
    """Arrivals per second."""
    seconds: Annotated[float, Field(gt=0)]
    """The length of the window."""
    requests: Times
    """Requests that ended in the window."""
    least_ms: Milliseconds
    """The shortest stall that is counted."""
    loops: list[WatchedLoop]
    findings: list[Finding]
    """Findings, the one that held the loops the longest first."""
    rare: list[Finding]
    """Lines that held a loop, but so seldom that chance may have."""
    not_scheduled_ms: Milliseconds
    """Milliseconds of stalls in which the machine ran something else, summed over the loops."""
    waiting: list[Waiting]
    """Lines at which requests waited, that of most of them first."""
    alone_ms: Milliseconds
    """The mean response time while no other request was in flight."""
    response_ms: Milliseconds
    """The mean response time in the window."""
    repairs: list[Repair]
    spotted: list[Spotted]
    """Lines of the code that static checkers point at, where they are installed."""
    notes: list[str] = Field(default_factory=list)
    """Sentences about checkers that were not asked, or could not see all."""
    doubts: list[str]
    """The reasons why this is inconclusive; empty if it can be trusted."""
    rate_doubts: list[str] = Field(default_factory=list)
    """The reasons why the rates of `repairs` alone are inconclusive."""

    @model_validator(mode="after")
    def knows_its_findings(self) -> Self:
        """Refuse repairs of findings that there are not."""
        if any(each.finding is not None and each.finding >= len(self.findings) for each in self.repairs):
            raise ValueError("a repair of an unknown finding")
        return self
