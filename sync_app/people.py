"""Waiting for a person."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from psycopg import Error

from contract.parameters import Answer, Question
from contract.statements import GIVE, KEPT_FOR, LISTEN, MOST_KEPT, TAKE, TIDY, TIDY_EVERY

from .plumbing.database import CONNECT_WITHIN, Database, Limited, prepare
from .plumbing.handover import Handover, taking

AGAIN_AFTER = 0.5
"""Seconds between losing the connection and trying again. A blocking listener also checks at this interval whether it
must end."""

log = logging.getLogger("sync_app")


class Askers:
    """The waiting clients of one process: an event for each, by question and in order of arrival."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[threading.Event]] = {}
        self._lock = threading.Lock()  # another thread can run between any two steps

    def join(self, question: str) -> threading.Event:
        """Add a waiting client, and return its event, which is set when an answer may be available."""
        woken = threading.Event()
        with self._lock:
            self._waiting.setdefault(question, []).append(woken)
        return woken

    def leave(self, question: str, woken: threading.Event) -> None:
        """Remove a waiting client. If its event is still set, wake the next client instead."""
        with self._lock:
            waiting = self._waiting[question]
            waiting.remove(woken)
            if not waiting:
                del self._waiting[question]
        if woken.is_set():
            self.wake(question)

    def wake(self, question: str) -> None:
        """Wake the longest-waiting client that is not yet awake, because an answer has come in."""
        with self._lock:
            for woken in self._waiting.get(question, ()):
                if not woken.is_set():
                    woken.set()
                    return

    def wake_all(self) -> None:
        """Wake every waiting client, because answers may have come in unnoticed."""
        with self._lock:
            for waiting in self._waiting.values():
                for woken in waiting:
                    woken.set()


class People:
    """Questions and answers, shared by all processes that use the same database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._askers = Askers()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for answers on a dedicated connection until the context exits."""
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
        """Store an answer, and notify every process that listens."""
        with self._database.connection() as connection:
            connection.execute(GIVE, {"question": asked.question, "answer": asked.answer})  # holds a thread

    def ask(self, asked: Question) -> Handover | None:
        """Wait up to `timeout` seconds for an answer; return None if none comes in."""
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
            if turn:
                # this client was woken, but taking the answer failed: set its event again, so that leave() wakes the
                # next client
                woken.set()
            self._askers.leave(asked.question, woken)

    def _take(self, question: str) -> Handover | None:
        with ExitStack() as stack:
            connection = stack.enter_context(taking(self._database, question))
            values = {"question": question, "kept_for": KEPT_FOR}
            row = connection.execute(TAKE, values).fetchone()  # holds a thread
            return None if row is None else Handover(row[0], stack.pop_all())

    def _listen(self, url: str, ended: threading.Event) -> None:
        told = False
        while not ended.is_set():
            try:
                with Limited.connect(url, autocommit=True, connect_timeout=CONNECT_WITHIN) as connection:
                    prepare(connection)
                    connection.execute(LISTEN)
                    if told:
                        self._database.pool.drain()  # what broke this connection broke those as well
                    told = False
                    self._askers.wake_all()  # answers may have been announced before LISTEN
                    tidy_at = time.monotonic()
                    while not ended.is_set():
                        if time.monotonic() >= tidy_at:
                            self._tidy(connection)  # also finds out whether the database still answers
                            tidy_at = time.monotonic() + TIDY_EVERY
                        for notice in connection.notifies(timeout=AGAIN_AFTER):  # holds a thread of its own
                            self._askers.wake(notice.payload)
            except Error as error:
                if not told:
                    log.warning("Not listening for answers: the database is unreachable (%s)", type(error).__name__)
                told = True
                time.sleep(AGAIN_AFTER)

    def _tidy(self, connection: Limited) -> None:
        connection.execute(TIDY, {"kept_for": KEPT_FOR, "most": MOST_KEPT})
