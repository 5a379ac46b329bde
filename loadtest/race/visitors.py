"""The others in the room: on the race's web app they may look, and send one number.

Only the address of the socket tells who asks: a header such as X-Forwarded-For could be sent by anyone.
"""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address

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


class Visitors:
    """The others in the room: what they may request, and their streams of events."""

    def __init__(self) -> None:
        self._streams = 0

    def check(self, request: Request) -> None:
        """Set the size limit of a request from someone else. Raises Refused if only the presenter may send it."""
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
