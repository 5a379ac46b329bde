"""The client of the upstream."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout, connection_from_url
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as TookTooLong

from contract import upstream
from contract.problems import not_configured
from contract.settings import Settings

from .pools import PoolQueue


class Upstream:
    """The connections of one process to the upstream; None where it has no UPSTREAM_URL."""

    def __init__(self, connections: HTTPConnectionPool | None, settings: Settings) -> None:
        self._connections = connections
        self._queue = PoolQueue("upstream", settings)

    def wait(self, delay: float) -> float:
        """Ask the upstream to wait for `delay` seconds; the seconds that it says it waited.

        A Problem: 502 or 504 for what the upstream does, 503 where there is none or all connections stay taken.
        """
        if self._connections is None:
            raise not_configured("UPSTREAM_URL")
        with self._queue.turn():
            deadline = time.monotonic() + delay + upstream.ANSWER_WITHIN
            try:
                with _asked(self._connections, delay, deadline) as response:  # holds a thread
                    return _waited(response, deadline)
            except NewConnectionError:  # which urllib3 takes for a timeout
                raise upstream.broken() from None
            except TookTooLong:
                raise upstream.too_slow(delay) from None
            except HTTPError:
                raise upstream.broken() from None


@contextmanager
def open_upstream(settings: Settings) -> Iterator[Upstream]:
    """The upstream at UPSTREAM_URL and nowhere else, until the context is left. It connects when first asked to."""
    if settings.upstream_url is None:
        yield Upstream(None, settings)
        return
    with connection_from_url(settings.upstream_url, maxsize=settings.pool_size, block=True) as connections:
        yield Upstream(connections, settings)


def _asked(connections: HTTPConnectionPool, delay: float, deadline: float) -> BaseHTTPResponse:
    def once() -> BaseHTTPResponse:
        left = max(deadline - time.monotonic(), 0.001)  # of nothing urllib3 makes no timeout
        limits = Timeout(connect=upstream.CONNECT_WITHIN, total=left)
        path = upstream.path(delay)
        return connections.urlopen("GET", path, redirect=False, retries=False, timeout=limits, preload_content=False)

    try:
        return once()
    except ProtocolError:  # the upstream may just have been closing a connection kept for long: ask on a new one
        return once()


def _waited(response: BaseHTTPResponse, deadline: float) -> float:
    try:
        upstream.admit(response.status, response.headers)
        body = b""
        while piece := response.read1(upstream.LONGEST_ANSWER, decode_content=False):
            body += piece
            if time.monotonic() > deadline:  # a blocking read can be limited, many of them only between two
                raise TookTooLong
        return upstream.waited(body)
    except BaseException:
        response.close()  # and its connection, on which there may be more of this
        raise
    finally:
        response.release_conn()  # a closed one as well: the pool would wait for it
