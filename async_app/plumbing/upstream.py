"""The client of the upstream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from contract import upstream
from contract.problems import not_configured
from contract.settings import Settings

from .pools import PoolQueue


class Upstream:
    """The connections of one process to the upstream; None where it has no UPSTREAM_URL."""

    def __init__(self, connections: ClientSession | None, settings: Settings) -> None:
        self._connections = connections
        self._queue = PoolQueue("upstream", settings)

    async def wait(self, delay: float) -> float:
        """Ask the upstream to wait for `delay` seconds; the seconds that it says it waited.

        A Problem: 502 or 504 for what the upstream does, 503 where there is none or all connections stay taken.
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
    """The upstream at UPSTREAM_URL and nowhere else, until the context is left. It connects when first asked to."""
    if settings.upstream_url is None:
        yield Upstream(None, settings)
        return
    async with ClientSession(
        settings.upstream_url,
        connector=TCPConnector(limit=settings.pool_size),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
    ) as connections:
        yield Upstream(connections, settings)


async def _waited(response: ClientResponse) -> float:
    try:
        upstream.admit(response.status, response.headers)
        return upstream.waited(await response.read())
    except BaseException:
        response.close()  # and its connection, on which there may be more of this
        raise
