"""An answer that a person has given, on its way to whoever asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Self

from psycopg import AsyncConnection, OperationalError

from contract.statements import ANNOUNCE

from .database import Database


class NotWritten(Exception):
    """An answer did not get where it should."""


class Handover:
    """An answer on its way to whoever asked: gone once the body that carries it is written, kept if that fails.

    It takes over an open transaction, in which the answer has been deleted.
    """

    def __init__(self, text: str, transaction: AsyncExitStack) -> None:
        self.text = text
        self._transaction = transaction
        self._body: bytes | None = None
        self._gone: asyncio.Task[None] | None = None

    def carried_by(self, body: bytes) -> AsyncIterator[bytes]:
        """`body`, as a body that comes in one piece."""
        self._body = body
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._body is None:
            self._gone = asyncio.create_task(self._transaction.aclose())
            await asyncio.shield(self._gone)  # a client that has its answer may leave: that must not bring it back
            raise StopAsyncIteration
        body, self._body = self._body, None
        return body

    async def aclose(self) -> None:
        """Keep the answer, unless it is gone."""
        if self._gone is not None:
            await asyncio.wait([self._gone])
        await self._transaction.__aexit__(NotWritten, NotWritten(), None)


@asynccontextmanager
async def taking(database: Database, question: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A transaction that takes an answer. Where it fails, it says that the answer is there again."""
    async with database.connection() as connection:
        try:
            async with connection.transaction():
                yield connection
        except BaseException:
            with suppress(OperationalError):  # where it has failed as well, the others look once they listen again
                await connection.execute(ANNOUNCE, {"question": question})
            raise
