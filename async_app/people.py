"""Waiting for a person."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self

from psycopg import AsyncConnection, Error, OperationalError

from contract.parameters import Answer, Question
from contract.statements import ANNOUNCE, GIVE, LISTEN, TAKE
from serving.sleep import TICK, sleep

from .database import Database

AGAIN_AFTER = 0.5
"""Seconds until a listener that lost its connection tries for another, or sees that it should end."""


log = logging.getLogger("async_app")


class Askers:
    """The requests of one process that wait for an answer, by question."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[str, list[asyncio.Event]] = {}
        # no lock: nothing else runs between two steps unless there is an await between them

    def join(self, question: str) -> asyncio.Event:
        """Wait with the others; what comes back is set when it may be one's turn."""
        woken = asyncio.Event()
        self._waiting.setdefault(question, []).append(woken)
        return woken

    def leave(self, question: str, woken: asyncio.Event) -> None:
        """Wait no longer; a turn that was not used is passed on."""
        waiting = self._waiting[question]
        waiting.remove(woken)
        if not waiting:
            del self._waiting[question]
        if woken.is_set():
            self.wake(question)

    def wake(self, question: str) -> None:
        """There is an answer: wake the one who has waited longest, of those not yet woken."""
        for woken in self._waiting.get(question, ()):
            if not woken.is_set():
                woken.set()
                return

    def wake_all(self) -> None:
        """There may be answers."""
        for waiting in self._waiting.values():
            for woken in waiting:
                woken.set()


class NotWritten(Exception):
    """An answer did not get where it should."""


class Handover:
    """An answer on its way to whoever asked: gone once the body that carries it is written, kept if that fails."""

    def __init__(self, text: str, transaction: AsyncExitStack) -> None:
        """Take over an open transaction, in which the answer has been deleted."""
        self.text = text
        self._transaction = transaction
        self._body: bytes | None = None
        self._gone: asyncio.Task[None] | None = None

    def carried_by(self, body: bytes) -> AsyncIterator[bytes]:
        """`body`, as a body that comes in one piece."""
        self._body = body
        return self

    def __aiter__(self) -> Self:
        """It can be iterated over once."""
        return self

    async def __anext__(self) -> bytes:
        """The body; then, it having been written, the end: the answer is gone for good."""
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


class People:
    """Questions and answers, between all processes that share a database."""

    def __init__(self, database: Database) -> None:
        """Keep answers in `database`."""
        self._database = database
        self._askers = Askers()
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Listen for answers, on a connection of its own."""
        if self._database.url is not None:
            self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Listen no longer."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])

    async def answer(self, asked: Answer) -> None:
        """Keep an answer, and tell every process that there is one."""
        async with self._database.connection() as connection:
            await connection.execute(GIVE, {"question": asked.question, "answer": asked.answer})  # holds a coroutine

    async def ask(self, asked: Question) -> Handover | None:
        """Wait for an answer; None where none comes in time."""
        end = time.monotonic() + asked.timeout
        woken = self._askers.join(asked.question)
        turn = False
        try:
            while (taken := await self._take(asked.question)) is None and (left := end - time.monotonic()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left + 2 * TICK):
                        await woken.wait()  # holds a coroutine
                turn = woken.is_set()
                woken.clear()
            turn = False
            return taken
        finally:
            if turn:  # which came to nothing
                woken.set()
            self._askers.leave(asked.question, woken)

    async def _take(self, question: str) -> Handover | None:
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(self._database.connection())
            await stack.enter_async_context(_announced_if_kept(connection, question))
            await stack.enter_async_context(connection.transaction())
            row = await (await connection.execute(TAKE, {"question": question})).fetchone()  # holds a coroutine
            return None if row is None else Handover(row[0], stack.pop_all())

    async def _listen(self) -> None:
        assert self._database.url is not None
        told = False
        while True:
            try:
                async with await AsyncConnection.connect(self._database.url, autocommit=True) as connection:
                    await connection.execute(LISTEN)
                    await self._database.renew()  # those who are woken shall find living connections
                    told = False
                    self._askers.wake_all()  # for what was announced while nobody listened
                    async for notice in connection.notifies():  # holds a task of its own
                        self._askers.wake(notice.payload)
            except Error as error:
                if not told:
                    log.warning("Nobody listens for answers, the database cannot be reached: %s", type(error).__name__)
                told = True
                await sleep(AGAIN_AFTER)


@asynccontextmanager
async def _announced_if_kept(connection: AsyncConnection[Any], question: str) -> AsyncIterator[None]:
    """Say that an answer is there again where the transaction within fails."""
    try:
        yield
    except BaseException:
        with suppress(OperationalError):  # where it has failed as well, the others look again once they listen again
            await connection.execute(ANNOUNCE, {"question": question})
        raise
