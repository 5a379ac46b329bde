"""The others in the room: on the race's web app they may look, and send one number.

Only the address of the socket tells who asks: a header such as X-Forwarded-For could be sent by anyone.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network

from flask import Request

LOOKING = ("GET", "HEAD")

PERMITTED = {
    "race.page": LOOKING,
    "race.static": LOOKING,
    "race.events": LOOKING,
    "race.predict": LOOKING,
    "race.prediction": ("POST",),
}
"""The methods of each endpoint that others may use."""

SHARED_FILES = "twins.static"
"""The endpoint of the files that pages share; others get the one that the race page uses."""

PALETTE = {"filename": "palette.css"}

PRESENTERS = (
    "Others in the room may look at the race and send a prediction; everything else is for the presenter, at 127.0.0.1 "
    "on the machine that runs the race."
)

MOST_BODY = 512
"""The most bytes of a body that others send."""

MOST_STREAMS = 100
"""The most streams of events that others have open."""

EACH_RATE, EACH_BURST = 20.0, 200.0
"""Requests per second, and at once, of one address. A room behind one router has one address."""

ALL_RATE, ALL_BURST = 100.0, 500.0
"""Requests per second, and at once, of all others together; they take about a tenth of a core."""

MOST_ADDRESSES = 1000
"""The most addresses that are remembered."""

NETWORK_OF_ONE = 64
"""Bits of an IPv6 address that name a network; a machine chooses the others as it likes."""


class Refused(Exception):
    """A request that others may not make; the message is one sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def is_presenter(address: str) -> bool:
    """Return True if the address of a socket's other end is that of this machine's loopback interface."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


class Allowance:
    """The requests that may still be made: `burst` at once, and `rate` more with every second up to that."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Take one request, and return whether it was left."""
        self._left, self._at = self.left(now), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def left(self, now: float) -> float:
        """Return how many requests are left."""
        return min(self._burst, self._left + (now - self._at) * self._rate)


class Visitors:
    """The others in the room: what they may request, and how often. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._each: dict[str, Allowance] = {}
        self._all = Allowance(ALL_RATE, ALL_BURST, clock())
        self._streams = 0

    def check(self, request: Request) -> None:
        """Check a request of someone else, and set the size limit of its body.

        Raises:
            Refused: if it comes too soon, or is the presenter's.

        """
        self._count(request.remote_addr or "")
        endpoint = request.endpoint or ""
        palette = endpoint == SHARED_FILES and request.view_args == PALETTE
        if request.method not in (LOOKING if palette else PERMITTED.get(endpoint, ())):
            raise Refused(HTTPStatus.FORBIDDEN, PRESENTERS)
        request.max_content_length = MOST_BODY

    def streamed(self, events: Iterable[bytes]) -> Iterator[bytes]:
        """Return a stream of events that counts until it is closed.

        Raises:
            Refused: if there are MOST_STREAMS already.

        """
        if self._streams >= MOST_STREAMS:
            sentence = f"{MOST_STREAMS} others watch the race already; look at the presenter's screen."
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
        return self._counted(events)

    def _counted(self, events: Iterable[bytes]) -> Iterator[bytes]:
        self._streams += 1
        try:
            yield from events
        finally:
            self._streams -= 1

    def _count(self, address: str) -> None:
        now, key = self._clock(), _machine(address)
        if key not in self._each:
            if len(self._each) >= MOST_ADDRESSES:
                self._each = {each: left for each, left in self._each.items() if left.left(now) < EACH_BURST}
            self._each[key] = Allowance(EACH_RATE, EACH_BURST, now)
        if not self._each[key].take(now):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests came from your address; wait a few seconds.")
        if not self._all.take(now):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests came from the room; wait a few seconds.")


def _machine(address: str) -> str:
    """Return what stands for one machine: the address, or the network of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ip_network((found, NETWORK_OF_ONE), strict=False))
