"""The HTTP client of the upstream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    HttpVersion11,
    TCPConnector,
)

from contract import upstream
from contract.problems import not_configured
from contract.settings import Settings

from .pools import PoolQueue


class Upstream:
    """The connections of one process to the upstream, or None if UPSTREAM_URL is not set."""

    def __init__(self, connections: ClientSession | None, settings: Settings) -> None:
        self._connections = connections
        self._queue = PoolQueue("upstream", settings)

    async def wait(self, delay: float) -> float:
        """Request a wait of `delay` seconds from the upstream, and return the seconds that it reports.

        Raises Problem: 502 if the upstream fails, 504 if it is late, 503 if UPSTREAM_URL is unset or the pool is full.
        """
        if self._connections is None:
            raise not_configured("UPSTREAM_URL")
        limits = ClientTimeout(sock_connect=upstream.CONNECT_WITHIN, total=delay + upstream.ANSWER_WITHIN)
        async with self._queue.turn():
            try:
                async with self._connections.get(
                    upstream.path(delay), allow_redirects=False, timeout=limits
                ) as response:  # holds a coroutine
                    return await _waited(response)
            except TimeoutError:
                raise upstream.too_slow(delay) from None
            except ClientError:
                raise upstream.broken() from None


@asynccontextmanager
async def open_upstream(settings: Settings) -> AsyncIterator[Upstream]:
    """Open a client of UPSTREAM_URL and no other host until the context exits, and yield it. It connects on demand."""
    if settings.upstream_url is None:
        yield Upstream(None, settings)
        return
    async with ClientSession(
        settings.upstream_url,
        connector=TCPConnector(limit=settings.pool_size),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        max_line_size=upstream.LONGEST_LINE,
        max_field_size=upstream.LONGEST_LINE,
        max_headers=upstream.MOST_HEADERS,
    ) as connections:
        yield Upstream(connections, settings)


async def _waited(response: ClientResponse) -> float:
    try:
        if response.version is None or response.version > HttpVersion11:
            raise upstream.broken()
        upstream.admit(response.status, response.headers)
        return upstream.waited(await response.read())
    except BaseException:
        response.close()  # with its connection, which may still carry the rest of the body
        raise
