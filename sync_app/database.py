"""Waiting for a database."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from psycopg import Connection, InterfaceError, OperationalError
from psycopg_pool import ConnectionPool

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
        self._pool = ConnectionPool(
            self.url or "",
            kwargs={"autocommit": True},
            min_size=0,
            max_size=settings.pool_size,
            open=False,
            configure=prepare,
            timeout=CONNECT_WITHIN,
            reconnect_timeout=CONNECT_WITHIN,
        )

    def __enter__(self) -> Self:
        """Open the pool, which has no connection yet."""
        if self.url is not None:
            self._pool.open()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Close them."""
        self._pool.close()

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        """One of the connections, until the context is left.

        Raises:
            Problem: 503 where there is no database, it cannot be reached, it goes away, or all connections stay taken.

        """
        if self.url is None:
            raise not_configured("DATABASE_URL")
        with self._seats.seat():
            try:
                with self._pool.connection() as connection:
                    yield connection
            except (OperationalError, InterfaceError):
                raise not_reachable("database") from None

    def renew(self) -> None:
        """Replace the connections that have died while nobody used them."""
        self._pool.check()

    def query(self, asked: Calls) -> list[int]:
        """Query the database n times; the row that each query returns, which is its number."""

        def row(number: int) -> int:
            with self.connection() as connection:
                cursor = connection.execute(SLEEP, {"number": number, "delay": asked.delay})  # holds a thread
                found: int = cursor.fetchone()[0]  # type: ignore[index] # a SELECT without FROM has a row
                return found

        return several(asked, row)


def prepare(connection: Connection[Any]) -> None:
    """Make the tables where there are none."""
    if connection.execute(IS_PREPARED).fetchone() != (True,):
        with connection.transaction():
            connection.execute(LOCK)
            connection.execute(PREPARE)
