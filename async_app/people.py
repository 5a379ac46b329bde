"""Waiting for a person."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from psycopg import Error

from contract.parameters import Answer, Question
from contract.statements import GIVE, KEPT_FOR, LISTEN, MOST_KEPT, TAKE, TIDY, TIDY_EVERY
from serving.sleep import TICK, sleep

from .plumbing.database import CONNECT_WITHIN, Database, Limited, prepare
from .plumbing.handover import Handover, taking

AGAIN_AFTER = 0.5
"""Seconds between losing the connection and trying again. A blocking listener also checks at this interval whether it
must end."""

log = logging.getLogger("async_app")


class Askers:
    """The waiting clients of one process: an event for each, by question and in order of arrival."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Event]] = {}
        # no lock: another coroutine can run only at an await

    def join(self, question: str) -> asyncio.Event:
        """Add a waiting client, and return its event, which is set when an answer may be available."""
        woken = asyncio.Event()
        self._waiting.setdefault(question, []).append(woken)
        return woken

    def leave(self, question: str, woken: asyncio.Event) -> None:
        """Remove a waiting client. If its event is still set, wake the next client instead."""
        waiting = self._waiting[question]
        waiting.remove(woken)
        if not waiting:
            del self._waiting[question]
        if woken.is_set():
            self.wake(question)

    def wake(self, question: str) -> None:
        """Wake the longest-waiting client that is not yet awake, because an answer has come in."""
        for woken in self._waiting.get(question, ()):
            if not woken.is_set():
                woken.set()
                return

    def wake_all(self) -> None:
        """Wake every waiting client, because answers may have come in unnoticed."""
        for waiting in self._waiting.values():
            for woken in waiting:
                woken.set()


class People:
    """Questions and answers, shared by all processes that use the same database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._askers = Askers()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen for answers on a dedicated connection until the context exits."""
        if self._database.url is None:
            yield
            return
        listener = asyncio.create_task(self._listen(self._database.url))
        try:
            yield
        finally:
            while not listener.done():
                listener.cancel()  # of a silent database, psycopg first asks for 10 s to cancel the statement
                await asyncio.wait([listener], timeout=AGAIN_AFTER)

    async def answer(self, asked: Answer) -> None:
        """Store an answer, and notify every process that listens."""
        async with self._database.connection() as connection:
            await connection.execute(GIVE, {"question": asked.question, "answer": asked.answer})  # holds a coroutine

    async def ask(self, asked: Question) -> Handover | None:
        """Wait up to `timeout` seconds for an answer; return None if none comes in."""
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
            if turn:
                # this client was woken, but taking the answer failed: set its event again, so that leave() wakes the
                # next client
                woken.set()
            self._askers.leave(asked.question, woken)

    async def _take(self, question: str) -> Handover | None:
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(taking(self._database, question))
            values = {"question": question, "kept_for": KEPT_FOR}
            row = await (await connection.execute(TAKE, values)).fetchone()  # holds a coroutine
            return None if row is None else Handover(row[0], stack.pop_all())

    async def _listen(self, url: str) -> None:
        told = False
        while True:
            try:
                async with await Limited.connect(url, autocommit=True, connect_timeout=CONNECT_WITHIN) as connection:
                    await prepare(connection)
                    await connection.execute(LISTEN)
                    if told:
                        await self._database.pool.drain()  # what broke this connection broke those as well
                    told = False
                    self._askers.wake_all()  # answers may have been announced before LISTEN
                    while True:
                        await self._tidy(connection)  # also finds out whether the database still answers
                        async for notice in connection.notifies(timeout=TIDY_EVERY):  # holds a task of its own
                            self._askers.wake(notice.payload)
            except Error as error:
                if not told:
                    log.warning("Not listening for answers: the database is unreachable (%s)", type(error).__name__)
                told = True
                await sleep(AGAIN_AFTER)

    async def _tidy(self, connection: Limited) -> None:
        await connection.execute(TIDY, {"kept_for": KEPT_FOR, "most": MOST_KEPT})
