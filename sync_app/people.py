"""Waiting for a person."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from psycopg import Connection, Error

from contract.parameters import Answer, Question
from contract.statements import GIVE, LISTEN, TAKE

from .plumbing.database import Database
from .plumbing.handover import Handover, taking

AGAIN_AFTER = 0.5
"""Seconds until a listener that lost its connection tries for another, or sees that it should end."""

log = logging.getLogger("sync_app")


class Askers:
    """The requests of one process that wait for an answer, by question."""

    def __init__(self) -> None:
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


class People:
    """Questions and answers, between all processes that share a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._askers = Askers()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for answers until the context is left, on a connection of its own."""
        if self._database.url is None:
            yield
            return
        ended = threading.Event()
        threading.Thread(target=self._listen, args=[self._database.url, ended], name="listener", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

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
            connection = stack.enter_context(taking(self._database, question))
            row = connection.execute(TAKE, {"question": question}).fetchone()  # holds a thread
            return None if row is None else Handover(row[0], stack.pop_all())

    def _listen(self, url: str, ended: threading.Event) -> None:
        told = False
        while not ended.is_set():
            try:
                with Connection.connect(url, autocommit=True) as connection:
                    connection.execute(LISTEN)
                    self._database.pool.check()  # those who are woken shall find living connections
                    told = False
                    self._askers.wake_all()  # for what was announced while nobody listened
                    while not ended.is_set():
                        for notice in connection.notifies(timeout=AGAIN_AFTER):  # holds a thread of its own
                            self._askers.wake(notice.payload)
            except Error as error:
                if not told:
                    log.warning("Nobody listens for answers, the database cannot be reached: %s", type(error).__name__)
                told = True
                time.sleep(AGAIN_AFTER)
