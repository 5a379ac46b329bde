"""Waiting for a database."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg_pool import AsyncConnectionPool

from contract.parameters import Calls
from contract.problems import not_configured, not_reachable
from contract.settings import Settings
from contract.statements import IS_PREPARED, LOCK, PREPARE, SLEEP

from .seats import Seats
from .several import several

CONNECT_WITHIN = 2.0
"""Seconds to try to connect, and to try again, before those who wait hear that the database is gone."""


class Database:
    """The connections of one process to the database."""

    def __init__(self, settings: Settings) -> None:
        """Connect when first asked to, to DATABASE_URL."""
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # who asks is told; no need to log each attempt
        self.url = settings.database_url
        self._seats = Seats("database", settings)
        self._pool = AsyncConnectionPool(
            self.url or "",
            kwargs={"autocommit": True},
            min_size=0,
            max_size=settings.pool_size,
            open=False,
            configure=prepare,
            timeout=CONNECT_WITHIN,
            reconnect_timeout=CONNECT_WITHIN,
        )

    async def __aenter__(self) -> Self:
        """Open the pool, which has no connection yet."""
        if self.url is not None:
            await self._pool.open()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Close them."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """One of the connections, until the context is left.

        Raises:
            Problem: 503 where there is no database, it cannot be reached, it goes away, or all connections stay taken.

        """
        if self.url is None:
            raise not_configured("DATABASE_URL")
        async with self._seats.seat():
            try:
                async with self._pool.connection() as connection:
                    yield connection
            except (OperationalError, InterfaceError):
                raise not_reachable("database") from None

    async def renew(self) -> None:
        """Replace the connections that have died while nobody used them."""
        await self._pool.check()

    async def query(self, asked: Calls) -> list[int]:
        """Query the database n times; the row that each query returns, which is its number."""

        async def row(number: int) -> int:
            async with self.connection() as connection:
                cursor = await connection.execute(SLEEP, {"number": number, "delay": asked.delay})  # holds a coroutine
                found: int = (await cursor.fetchone())[0]  # type: ignore[index] # a SELECT without FROM has a row
                return found

        return await several(asked, row)


async def prepare(connection: AsyncConnection[Any]) -> None:
    """Make the tables where there are none."""
    if await (await connection.execute(IS_PREPARED)).fetchone() != (True,):
        async with connection.transaction():
            await connection.execute(LOCK)
            await connection.execute(PREPARE)
