"""The database client."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from contract.problems import not_configured, not_reachable
from contract.settings import Settings
from contract.statements import ANSWER_WITHIN, GONE_AFTER, IS_PREPARED, LOCK, PREPARE

from .pools import PoolQueue

CONNECT_WITHIN = 2
"""Seconds to try to connect or reconnect. After that, requests are refused: the database is unreachable."""


class Limited(AsyncConnection[Any]):
    """A connection that is closed if the database does not answer a statement in time."""

    delay = 0.0
    """Seconds that the statements of the current use ask the database to wait."""

    async def wait(
        self,
        gen: PQGen[RV],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg passes it by this name
    ) -> RV:
        """Wait as psycopg does for everything on a connection, but for ANSWER_WITHIN longer than `delay` at most.

        A timeout of its own stands: psycopg gives one where silence is not a fault, as between two notifications. It is
        waited for without a break, so that a process that only listens does not wake up every 100 ms.
        """
        limit = self.delay + ANSWER_WITHIN if timeout is None else timeout
        interval = interval if timeout is None else max(interval, timeout)
        try:
            return await super().wait(gen, interval, limit)
        except OperationalError:
            if self.info.transaction_status == TransactionStatus.ACTIVE:  # the answer may still come, to nobody
                await self.close()
                raise OperationalError(f"no answer within {limit:g} s") from None
            raise

    async def cancel_safe(self, *, timeout: float = CONNECT_WITHIN) -> None:  # noqa: ASYNC109 - see above
        """Ask the database to cancel the statement, and close the connection if the database cannot be asked in time.

        psycopg calls this when the wait is interrupted, and then waits until the statement has been cancelled.
        """
        try:
            await super().cancel_safe(timeout=min(timeout, CONNECT_WITHIN))
        except OperationalError:
            await self.close()
            raise


class Database:
    """The connection pool of one process for the database at DATABASE_URL, if that is set. The pool starts closed."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database_url
        self.pool = AsyncConnectionPool(
            self.url or "",
            connection_class=Limited,
            kwargs={"autocommit": True, "connect_timeout": CONNECT_WITHIN},
            min_size=0,
            max_size=settings.pool_size,
            open=False,
            configure=prepare,
            timeout=CONNECT_WITHIN,
            reconnect_timeout=CONNECT_WITHIN,
        )
        self._queue = PoolQueue("database", settings)

    @asynccontextmanager
    async def connection(self, delay: float = 0.0) -> AsyncIterator[Limited]:
        """Take a connection from the pool until the context exits, and yield it. Its statements wait `delay` seconds.

        Raises Problem (503) if DATABASE_URL is not set, the database is unreachable, lost or silent, or the pool stays
        full.
        """
        if self.url is None:
            raise not_configured("DATABASE_URL")
        async with self._queue.turn():
            try:
                async with self.pool.connection() as connection:
                    connection.delay = delay
                    yield connection
            except (OperationalError, InterfaceError):
                raise not_reachable("database") from None


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database pool until the context exits, and yield its owner. Connections are made on demand."""
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # the requests report the failure
    database = Database(settings)
    if database.url is None:
        yield database
        return
    async with database.pool:
        yield database


async def prepare(connection: AsyncConnection[Any]) -> None:
    """Set a new connection up, and create the tables unless they exist."""
    limits = {"gone_after": int(GONE_AFTER * 1000)}
    if await (await connection.execute(IS_PREPARED, limits)).fetchone() != (True,):
        async with connection.transaction():
            await connection.execute(LOCK)
            await connection.execute(PREPARE)
