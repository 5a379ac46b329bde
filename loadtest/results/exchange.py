"""One request, as its user saw it and as its service told it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

TIMING = re.compile(r"(?<![\w-])(wait|total);dur=(\d+(?:\.\d+)?)")


class Exchange(NamedTuple):
    """Seconds: `sent`, `headed` and `ended` by a clock of the user's, `waited` and `served` as the service counted.

    `headed` and `ended` are None until the response's headers, and its last byte, have come. A service that tells
    nothing has "" for `served_by`.
    """

    sent: float
    headed: float | None = None
    ended: float | None = None
    status: int = 0
    """0: no answer, or none yet."""
    served_by: str = ""
    """The Served-By header: service, process and lane."""
    waited: float = 0.0
    """Seconds that the service waited until its response began; none of them before the request reached it."""
    served: float = 0.0
    """Seconds from the service's first sight of the request until its response began, the wait among them."""

    @property
    def timed(self) -> bool:
        """Whether it is over, and the service has said how long it took."""
        return self.ended is not None and self.headed is not None and bool(self.served_by)

    @property
    def began(self) -> float:
        """When the service first saw it; before that it stood in a queue, or was on its way."""
        return max(self.sent, (self.headed or 0.0) - self.served)

    @property
    def received(self) -> float:
        """Seconds from its headers to its last byte: the wait of a slow stream, next to nothing for anything else."""
        return 0.0 if self.ended is None or self.headed is None else self.ended - self.headed

    def since(self, clock: float) -> "Exchange":
        """The same, by a clock that stood at zero at `clock`; to 10 µs."""
        headed, ended = (None if time is None else round(time - clock, 5) for time in (self.headed, self.ended))
        return self._replace(sent=round(self.sent - clock, 5), headed=headed, ended=ended)


def answered(sent: float, headed: float | None, ended: float, status: int, headers: Mapping[str, str]) -> Exchange:
    """A request that is over, with what the service told in its headers."""
    served_by = headers.get("Served-By", "")
    if not served_by:
        return Exchange(sent, headed, ended, status)
    told = {name: float(milliseconds) / 1000 for name, milliseconds in TIMING.findall(headers.get("Server-Timing", ""))}
    return Exchange(sent, headed, ended, status, served_by, told.get("wait", 0.0), told.get("total", 0.0))
