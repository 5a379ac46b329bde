"""The client of the database."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg_pool import AsyncConnectionPool

from contract.problems import not_configured, not_reachable
from contract.settings import Settings
from contract.statements import IS_PREPARED, LOCK, PREPARE

from .pools import PoolQueue

CONNECT_WITHIN = 2.0
"""Seconds to try to connect, and to try again, before those who wait hear that the database is gone."""


class Database:
    """The connections of one process to the database at DATABASE_URL, where it has one. They are not open yet."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database_url
        self.pool = AsyncConnectionPool(
            self.url or "",
            kwargs={"autocommit": True},
            min_size=0,
            max_size=settings.pool_size,
            open=False,
            configure=prepare,
            timeout=CONNECT_WITHIN,
            reconnect_timeout=CONNECT_WITHIN,
        )
        self._queue = PoolQueue("database", settings)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """One of the connections, until the context is left.

        A Problem (503) where there is no database, it cannot be reached, it goes away, or all connections stay taken.
        """
        if self.url is None:
            raise not_configured("DATABASE_URL")
        async with self._queue.turn():
            try:
                async with self.pool.connection() as connection:
                    yield connection
            except (OperationalError, InterfaceError):
                raise not_reachable("database") from None


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, until the context is left. It connects when first asked to."""
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # who asks is told; no need to log each attempt
    database = Database(settings)
    if database.url is None:
        yield database
        return
    async with database.pool:
        yield database


async def prepare(connection: AsyncConnection[Any]) -> None:
    """Make the tables where there are none."""
    if await (await connection.execute(IS_PREPARED)).fetchone() != (True,):
        async with connection.transaction():
            await connection.execute(LOCK)
            await connection.execute(PREPARE)
