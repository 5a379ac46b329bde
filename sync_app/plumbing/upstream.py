"""The HTTP client of the upstream."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout, connection_from_url
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as TookTooLong

from contract import upstream
from contract.problems import not_configured
from contract.settings import Settings

from .pools import PoolQueue


class Upstream:
    """The connections of one process to the upstream, or None if UPSTREAM_URL is not set."""

    def __init__(self, connections: HTTPConnectionPool | None, settings: Settings) -> None:
        self._connections = connections
        self._queue = PoolQueue("upstream", settings)

    def wait(self, delay: float) -> float:
        """Request a wait of `delay` seconds from the upstream, and return the seconds that it reports.

        Raises Problem: 502 if the upstream fails, 504 if it is late, 503 if UPSTREAM_URL is unset or the pool is full.
        """
        if self._connections is None:
            raise not_configured("UPSTREAM_URL")
        with self._queue.turn():
            deadline = time.monotonic() + delay + upstream.ANSWER_WITHIN
            try:
                with _asked(self._connections, delay, deadline) as response:  # holds a thread
                    return _waited(response, deadline)
            except NewConnectionError:  # urllib3 derives it from its timeout error
                raise upstream.broken() from None
            except TookTooLong:
                raise upstream.too_slow(delay) from None
            except HTTPError:
                raise upstream.broken() from None


@contextmanager
def open_upstream(settings: Settings) -> Iterator[Upstream]:
    """Open a client of UPSTREAM_URL and no other host until the context exits, and yield it. It connects on demand."""
    if settings.upstream_url is None:
        yield Upstream(None, settings)
        return
    with connection_from_url(settings.upstream_url, maxsize=settings.pool_size, block=True) as connections:
        kind = connections.ConnectionCls
        connections.ConnectionCls = type(kind.__name__, (kind,), {"response_class": _Response})
        yield Upstream(connections, settings)


class _Response(HTTPResponse):
    """A response whose head is read as strictly as aiohttp reads it."""

    _is_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch

    def begin(self) -> None:
        """Read the head. Up to ten interim responses (102 Processing, 103 Early Hints) are skipped.

        Raises HTTPException for more of them, and for invalid headers.
        """
        for _ in range(11):
            super().begin()
            if self.headers.defects or not all(
                self._is_name(name) and "\0" not in value for name, value in self.headers.items()
            ):
                raise HTTPException("invalid header")
            if not 102 <= self.status < 200:
                return
            self.headers = None  # type: ignore[assignment] # has the next call read another head
        raise HTTPException("too many interim responses")


def _asked(connections: HTTPConnectionPool, delay: float, deadline: float) -> BaseHTTPResponse:
    def once() -> BaseHTTPResponse:
        left = max(deadline - time.monotonic(), 0.001)  # urllib3 refuses a timeout of 0
        limits = Timeout(connect=upstream.CONNECT_WITHIN, total=left)
        path = upstream.path(delay)
        return connections.urlopen("GET", path, redirect=False, retries=False, timeout=limits, preload_content=False)

    try:
        return once()
    except ProtocolError:  # the upstream may just have closed an idle connection: retry on a new one
        return once()


def _waited(response: BaseHTTPResponse, deadline: float) -> float:
    try:
        upstream.admit(response.status, response.headers)
        body = b""
        while piece := response.read1(upstream.LONGEST_ANSWER, decode_content=False):
            body += piece
            if time.monotonic() > deadline:  # the timeout limits each read, not their sum
                raise TookTooLong
        return upstream.waited(body)
    except BaseException:
        response.close()  # with its connection, which may still carry the rest of the body
        raise
    finally:
        response.release_conn()  # even if closed: the pool waits for its return
