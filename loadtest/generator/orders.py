"""The orders to a load generator: the service under load, and one step after the other, as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadtest.contenders.request import Expected, Request
from loadtest.contenders.target import Tls
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from loadtest.workload.share import WHOLE, Share

READY, REFUSED, FAILED = "ready", "refused", "failed"
"""The events that answer a job: the load generator is ready, cannot use a locustfile, or failed."""

OPENED, CLOSED, MEASURED = "opened", "closed", "measured"
"""The events that answer an order."""

GATHERED, ENDED = "gathered", "ended"
"""The points of a step at which load generators wait for each other: all users have started; all requests of an open
load's window have ended."""

LISTENING, CAME, COMPLETE, NOTICE = "listening", "came", "complete", "notice"
"""The events of a master: it can be reached; a load generator has come; all have; one takes part no longer."""

JOINED, PULSED = "joined", "pulse"
"""The events of a load generator that has been let in, and of one that is alive."""

PULSE = 0.5
"""Seconds between two pulses of a load generator, and of its master."""

JOIN_WITHIN = 20.0
"""Seconds between the hello of a load generator and its first message with the common key."""

GONE_AFTER = 4.0
"""Seconds without a message of the master after which a load generator ends."""


@dataclass(frozen=True)
class Job:
    """The service under load and its requests: `requests` for a target, otherwise those of `scenario`."""

    name: str
    url: str
    scenario: str
    delay: str
    wait: float
    """`delay` in seconds. The first requests of all users are spread over this time."""
    requests: tuple[Request, ...] = ()
    tls: Tls = field(default_factory=Tls)
    locustfile: str | None = None
    """The path of a file with users of one's own, who take the place of those who send `requests`."""
    slow_clients: int = 0
    """The number of other clients that hold a half-sent request."""
    share: Share = WHOLE
    """The load generator among several, as long as the job lasts."""


@dataclass(frozen=True)
class Order:
    """One step: the load, and the seconds of its warm-up and window."""

    load: Load
    warmup: float
    window: float
    patience: float
    """Seconds to wait for the completed request that opens or closes the window; in an open model, for the last answer
    to its requests."""
    delay: float | None = None
    """Seconds of the delay, if it differs from that of the job."""
    repeat: int = 1
    """The number of the repeat, which has a schedule of its own in an open model."""
    deadlines: tuple[float, ...] = ()
    """Seconds within which an answer is good."""
    share: Share = WHOLE
    """The part of the load that this load generator sends."""


def received_job(job: Mapping[str, Any]) -> Job:
    """Return the job that a decoded line describes."""
    requests = tuple(
        Request(**{**each, "expected": Expected(**each["expected"]), "rows": tuple(each["rows"])})
        for each in job["requests"]
    )
    return Job(**{**job, "requests": requests, "tls": Tls(**job["tls"]), "share": Share(**job["share"])})


def received(order: Mapping[str, Any]) -> Order:
    """Return the order that a decoded line describes."""
    load, deadlines = order["load"], tuple(order["deadlines"])
    kind = Open if load["kind"] == "open" else Closed
    return Order(**{**order, "load": kind(**load), "deadlines": deadlines, "share": Share(**order["share"])})
