"""Waiting for the network."""

import time
from types import TracebackType
from typing import Self

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout, connection_from_url
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as TookTooLong

from contract import upstream
from contract.parameters import Calls
from contract.problems import not_configured
from contract.settings import Settings

from .seats import Seats
from .several import several


class Network:
    """The connections of one process to the upstream."""

    def __init__(self, settings: Settings) -> None:
        """Connect when first asked to, and only to UPSTREAM_URL."""
        self._seats = Seats("upstream", settings)
        self._pool: HTTPConnectionPool | None = None
        if settings.upstream_url is not None:
            self._pool = connection_from_url(settings.upstream_url, maxsize=settings.pool_size, block=True)

    def __enter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Close them."""
        if self._pool is not None:
            self._pool.close()

    def fetch(self, asked: Calls) -> list[float]:
        """Ask the upstream n times; the seconds that it says it waited."""
        return several(asked, lambda _number: self._get(asked.delay))

    def _get(self, delay: float) -> float:
        if self._pool is None:
            raise not_configured("UPSTREAM_URL")
        with self._seats.seat():
            deadline = time.monotonic() + delay + upstream.ANSWER_WITHIN
            try:
                with _asked(self._pool, delay, deadline) as response:  # holds a thread
                    return _waited(response, deadline)
            except NewConnectionError:  # which urllib3 takes for a timeout
                raise upstream.broken() from None
            except TookTooLong:
                raise upstream.too_slow(delay) from None
            except HTTPError:
                raise upstream.broken() from None


def _asked(pool: HTTPConnectionPool, delay: float, deadline: float) -> BaseHTTPResponse:
    def once() -> BaseHTTPResponse:
        left = max(deadline - time.monotonic(), 0.001)  # of nothing urllib3 makes no timeout
        limits = Timeout(connect=upstream.CONNECT_WITHIN, total=left)
        path = upstream.path(delay)
        return pool.urlopen("GET", path, redirect=False, retries=False, timeout=limits, preload_content=False)

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
        waited = upstream.waited(body)
    except BaseException:
        response.close()  # and its connection, on which there may be more of this
        raise
    finally:
        response.release_conn()  # a closed one as well: the pool would wait for it
    return waited
