"""Waiting for a person."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from psycopg import Connection, Error, OperationalError

from contract.parameters import Answer, Question
from contract.statements import ANNOUNCE, GIVE, LISTEN, TAKE

from .database import Database

AGAIN_AFTER = 0.5
"""Seconds until a listener that lost its connection tries for another, or sees that it should end."""


log = logging.getLogger("sync_app")


class Askers:
    """The requests of one process that wait for an answer, by question."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[str, list[threading.Event]] = {}
        self._lock = threading.Lock()  # another thread may run between any two steps

    def join(self, question: str) -> threading.Event:
        """Wait with the others; what comes back is set when it may be one's turn."""
        woken = threading.Event()
        with self._lock:
            self._waiting.setdefault(question, []).append(woken)
        return woken

    def leave(self, question: str, woken: threading.Event) -> None:
        """Wait no longer; a turn that was not used is passed on."""
        with self._lock:
            waiting = self._waiting[question]
            waiting.remove(woken)
            if not waiting:
                del self._waiting[question]
        if woken.is_set():
            self.wake(question)

    def wake(self, question: str) -> None:
        """There is an answer: wake the one who has waited longest, of those not yet woken."""
        with self._lock:
            for woken in self._waiting.get(question, ()):
                if not woken.is_set():
                    woken.set()
                    return

    def wake_all(self) -> None:
        """There may be answers."""
        with self._lock:
            for waiting in self._waiting.values():
                for woken in waiting:
                    woken.set()


class NotWritten(Exception):
    """An answer did not get where it should."""


class Handover:
    """An answer on its way to whoever asked: gone once the body that carries it is written, kept if that fails."""

    def __init__(self, text: str, transaction: ExitStack) -> None:
        """Take over an open transaction, in which the answer has been deleted."""
        self.text = text
        self._transaction = transaction
        self._body: bytes | None = None

    def carried_by(self, body: bytes) -> Iterator[bytes]:
        """`body`, as a body that comes in one piece."""
        self._body = body
        return self

    def __iter__(self) -> Self:
        """It can be iterated over once."""
        return self

    def __next__(self) -> bytes:
        """The body; then, it having been written, the end: the answer is gone for good."""
        if self._body is None:
            self._transaction.close()
            raise StopIteration
        body, self._body = self._body, None
        return body

    def close(self) -> None:
        """Keep the answer, unless it is gone."""
        self._transaction.__exit__(NotWritten, NotWritten(), None)


class People:
    """Questions and answers, between all processes that share a database."""

    def __init__(self, database: Database) -> None:
        """Keep answers in `database`."""
        self._database = database
        self._askers = Askers()
        self._ended = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="listener", daemon=True)

    def __enter__(self) -> Self:
        """Listen for answers, on a connection of its own."""
        if self._database.url is not None:
            self._listener.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Listen no longer."""
        self._ended.set()

    def answer(self, asked: Answer) -> None:
        """Keep an answer, and tell every process that there is one."""
        with self._database.connection() as connection:
            connection.execute(GIVE, {"question": asked.question, "answer": asked.answer})  # holds a thread

    def ask(self, asked: Question) -> Handover | None:
        """Wait for an answer; None where none comes in time."""
        end = time.monotonic() + asked.timeout
        woken = self._askers.join(asked.question)
        turn = False
        try:
            while (taken := self._take(asked.question)) is None and (left := end - time.monotonic()) > 0:
                if turn := woken.wait(left):  # holds a thread
                    woken.clear()
            turn = False
            return taken
        finally:
            if turn:  # which came to nothing
                woken.set()
            self._askers.leave(asked.question, woken)

    def _take(self, question: str) -> Handover | None:
        with ExitStack() as stack:
            connection = stack.enter_context(self._database.connection())
            stack.enter_context(_announced_if_kept(connection, question))
            stack.enter_context(connection.transaction())
            row = connection.execute(TAKE, {"question": question}).fetchone()  # holds a thread
            return None if row is None else Handover(row[0], stack.pop_all())

    def _listen(self) -> None:
        assert self._database.url is not None
        told = False
        while not self._ended.is_set():
            try:
                with Connection.connect(self._database.url, autocommit=True) as connection:
                    connection.execute(LISTEN)
                    self._database.renew()  # those who are woken shall find living connections
                    told = False
                    self._askers.wake_all()  # for what was announced while nobody listened
                    while not self._ended.is_set():
                        for notice in connection.notifies(timeout=AGAIN_AFTER):  # holds a thread of its own
                            self._askers.wake(notice.payload)
            except Error as error:
                if not told:
                    log.warning("Nobody listens for answers, the database cannot be reached: %s", type(error).__name__)
                told = True
                time.sleep(AGAIN_AFTER)


@contextmanager
def _announced_if_kept(connection: Connection[Any], question: str) -> Iterator[None]:
    """Say that an answer is there again where the transaction within fails."""
    try:
        yield
    except BaseException:
        with suppress(OperationalError):  # where it has failed as well, the others look again once they listen again
            connection.execute(ANNOUNCE, {"question": question})
        raise
