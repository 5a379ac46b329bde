"""The database client."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, InterfaceError, OperationalError
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from contract.problems import not_configured, not_reachable
from contract.settings import Settings
from contract.statements import ANSWER_WITHIN, GONE_AFTER, IS_PREPARED, LOCK, PREPARE

from .pools import PoolQueue

CONNECT_WITHIN = 2
"""Seconds to try to connect or reconnect. After that, requests are refused: the database is unreachable."""


class Limited(Connection[Any]):
    """A connection that is closed if the database does not answer a statement in time."""

    delay = 0.0
    """Seconds that the statements of the current use ask the database to wait."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does for everything on a connection, but for ANSWER_WITHIN longer than `delay` at most.

        A timeout of its own stands: psycopg gives one where silence is not a fault, as between two notifications. It is
        waited for without a break, so that a process that only listens does not wake up every 100 ms.
        """
        limit = self.delay + ANSWER_WITHIN if timeout is None else timeout
        interval = interval if timeout is None else max(interval, timeout)
        try:
            return super().wait(gen, interval, limit)
        except OperationalError:
            if self.info.transaction_status == TransactionStatus.ACTIVE:  # the answer may still come, to nobody
                self.close()
                raise OperationalError(f"no answer within {limit:g} s") from None
            raise

    def cancel_safe(self, *, timeout: float = CONNECT_WITHIN) -> None:
        """Ask the database to cancel the statement, and close the connection if the database cannot be asked in time.

        psycopg calls this when the wait is interrupted, and then waits until the statement has been cancelled.
        """
        try:
            super().cancel_safe(timeout=min(timeout, CONNECT_WITHIN))
        except OperationalError:
            self.close()
            raise


class Database:
    """The connection pool of one process for the database at DATABASE_URL, if that is set. The pool starts closed."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database_url
        self.pool = ConnectionPool(
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

    @contextmanager
    def connection(self, delay: float = 0.0) -> Iterator[Limited]:
        """Take a connection from the pool until the context exits, and yield it. Its statements wait `delay` seconds.

        Raises Problem (503) if DATABASE_URL is not set, the database is unreachable, lost or silent, or the pool stays
        full.
        """
        if self.url is None:
            raise not_configured("DATABASE_URL")
        with self._queue.turn():
            try:
                with self.pool.connection() as connection:
                    connection.delay = delay
                    yield connection
            except (OperationalError, InterfaceError):
                raise not_reachable("database") from None


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Open the database pool until the context exits, and yield its owner. Connections are made on demand."""
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # the requests report the failure
    database = Database(settings)
    if database.url is None:
        yield database
        return
    with database.pool:
        yield database


def prepare(connection: Connection[Any]) -> None:
    """Set a new connection up, and create the tables unless they exist."""
    limits = {"gone_after": int(GONE_AFTER * 1000)}
    if connection.execute(IS_PREPARED, limits).fetchone() != (True,):
        with connection.transaction():
            connection.execute(LOCK)
            connection.execute(PREPARE)
