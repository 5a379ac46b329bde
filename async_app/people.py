"""Waiting for a person."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from psycopg import AsyncConnection, Error

from contract.parameters import Answer, Question
from contract.statements import GIVE, LISTEN, TAKE
from serving.sleep import TICK, sleep

from .plumbing.database import Database
from .plumbing.handover import Handover, taking

AGAIN_AFTER = 0.5
"""Seconds until a listener that lost its connection tries for another, or sees that it should end."""

log = logging.getLogger("async_app")


class Askers:
    """The requests of one process that wait for an answer, by question."""

    def __init__(self) -> None:
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


class People:
    """Questions and answers, between all processes that share a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._askers = Askers()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen for answers until the context is left, on a connection of its own."""
        if self._database.url is None:
            yield
            return
        listener = asyncio.create_task(self._listen(self._database.url))
        try:
            yield
        finally:
            listener.cancel()
            await asyncio.wait([listener])

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
            connection = await stack.enter_async_context(taking(self._database, question))
            row = await (await connection.execute(TAKE, {"question": question})).fetchone()  # holds a coroutine
            return None if row is None else Handover(row[0], stack.pop_all())

    async def _listen(self, url: str) -> None:
        told = False
        while True:
            try:
                async with await AsyncConnection.connect(url, autocommit=True) as connection:
                    await connection.execute(LISTEN)
                    await self._database.pool.check()  # those who are woken shall find living connections
                    told = False
                    self._askers.wake_all()  # for what was announced while nobody listened
                    async for notice in connection.notifies():  # holds a task of its own
                        self._askers.wake(notice.payload)
            except Error as error:
                if not told:
                    log.warning("Nobody listens for answers, the database cannot be reached: %s", type(error).__name__)
                told = True
                await sleep(AGAIN_AFTER)
