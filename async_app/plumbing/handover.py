"""The delivery of a person's answer to the client that waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Self

from psycopg import OperationalError

from contract.problems import Problem
from contract.statements import ANNOUNCE

from .database import Database, Limited


class NotWritten(Exception):
    """The reason to roll a transaction back: its answer was not fully written."""


class Handover:
    """An answer on its way to its client: deleted once the body that carries it is written, kept if that fails.

    The handover owns an open transaction, in which the answer has been deleted.
    """

    def __init__(self, text: str, transaction: AsyncExitStack) -> None:
        self.text = text
        self._transaction = transaction
        self._body: bytes | None = None
        self._gone: asyncio.Task[None] | None = None

    def carried_by(self, body: bytes) -> AsyncIterator[bytes]:
        """Return an iterator over `body` in one piece. Its end commits the deletion of the answer."""
        self._body = body
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._body is None:
            self._gone = asyncio.create_task(self._transaction.aclose())
            await asyncio.shield(self._gone)  # a client that leaves now has its answer: the commit must not stop
            raise StopAsyncIteration
        body, self._body = self._body, None
        return body

    async def aclose(self) -> None:
        """Roll back, which keeps the answer, unless its deletion has been committed."""
        if self._gone is not None:
            await asyncio.wait([self._gone])
        with suppress(Problem):  # a database that is lost or silent rolls back by itself
            await self._transaction.__aexit__(NotWritten, NotWritten(), None)


@asynccontextmanager
async def taking(database: Database, question: str) -> AsyncIterator[Limited]:
    """Run a transaction that takes an answer, and yield its connection. If it fails, announce the answer again."""
    async with database.connection() as connection:
        try:
            async with connection.transaction():
                yield connection
        except BaseException:
            with suppress(OperationalError):  # if the connection is lost, listeners wake all clients on reconnecting
                await connection.execute(ANNOUNCE, {"question": question})
            raise
