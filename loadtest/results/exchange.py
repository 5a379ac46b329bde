"""One request: the times that its user measured and the times that its service reported."""

import re
from collections.abc import Mapping
from typing import NamedTuple

TIMING = re.compile(r"(?<![\w-])(wait|total);dur=(\d+(?:\.\d+)?)")

FIRST = 100
"""Maximum number of users whose first requests in a step are recorded individually; of an open load, of requests."""


class Exchange(NamedTuple):
    """A request and its times in seconds: `sent`, `headed`, `ended` by the user's clock, `waited`, `served` reported.

    `headed` is None until the response's headers arrive, `ended` until its last byte arrives. `served_by` is "" for a
    service that reports nothing.
    """

    sent: float
    headed: float | None = None
    ended: float | None = None
    status: int = 0
    """The HTTP status, or 0 without a response (so far)."""
    served_by: str = ""
    """The Served-By header: service, process and lane."""
    waited: float = 0.0
    """Seconds that the service waited before its response began, without the time before it received the request."""
    served: float = 0.0
    """Seconds from the moment when the service received the request until its response began, including the wait."""
    user: int | None = None
    """The number of the user who sent it, in the order in which users sent their first requests; None in an open model,
    and in files that do not say."""

    @property
    def timed(self) -> bool:
        """True if the request is over and the service reported its times."""
        return self.ended is not None and self.headed is not None and bool(self.served_by)

    @property
    def process(self) -> str:
        """Service and process that answered, or "" if the service reports none."""
        return self.served_by.rpartition(";")[0]

    @property
    def began(self) -> float:
        """The time when the service received the request, which was in a queue or in transit before."""
        return max(self.sent, (self.headed or 0.0) - self.served)

    @property
    def received(self) -> float:
        """The seconds from the headers to the last byte: the wait of a slow stream, close to 0 for other responses."""
        return 0.0 if self.ended is None or self.headed is None else self.ended - self.headed

    def since(self, clock: float) -> "Exchange":
        """Return the exchange with its times relative to `clock`, rounded to 10 µs."""
        headed, ended = (None if time is None else round(time - clock, 5) for time in (self.headed, self.ended))
        return self._replace(sent=round(self.sent - clock, 5), headed=headed, ended=ended)


def answered(sent: float, headed: float | None, ended: float, status: int, headers: Mapping[str, str]) -> Exchange:
    """Return the exchange of a completed request, with the times from the Served-By and Server-Timing headers."""
    served_by = headers.get("Served-By", "")
    if not served_by:
        return Exchange(sent, headed, ended, status)
    told = {name: float(milliseconds) / 1000 for name, milliseconds in TIMING.findall(headers.get("Server-Timing", ""))}
    return Exchange(sent, headed, ended, status, served_by, told.get("wait", 0.0), told.get("total", 0.0))
