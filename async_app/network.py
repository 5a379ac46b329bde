"""Waiting for the network."""

from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

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
        self._session: ClientSession | None = None
        if settings.upstream_url is not None:
            connector = TCPConnector(limit=settings.pool_size)
            self._session = ClientSession(
                settings.upstream_url, connector=connector, cookie_jar=DummyCookieJar(), auto_decompress=False
            )

    async def __aenter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Close them."""
        if self._session is not None:
            await self._session.close()

    async def fetch(self, asked: Calls) -> list[float]:
        """Ask the upstream n times; the seconds that it says it waited."""
        return await several(asked, lambda _number: self._get(asked.delay))

    async def _get(self, delay: float) -> float:
        if self._session is None:
            raise not_configured("UPSTREAM_URL")
        limits = ClientTimeout(sock_connect=upstream.CONNECT_WITHIN, total=delay + upstream.ANSWER_WITHIN)
        async with self._seats.seat():
            try:
                async with self._session.get(
                    upstream.path(delay),
                    allow_redirects=False,
                    timeout=limits,
                ) as response:  # holds a coroutine
                    return await _waited(response)
            except TimeoutError:
                raise upstream.too_slow(delay) from None
            except ClientError:
                raise upstream.broken() from None


async def _waited(response: ClientResponse) -> float:
    try:
        upstream.admit(response.status, response.headers)
        waited = upstream.waited(await response.read())
    except BaseException:
        response.close()  # and its connection, on which there may be more of this
        raise
    return waited
