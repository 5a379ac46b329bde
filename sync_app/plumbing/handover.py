"""The delivery of a person's answer to the client that waits for it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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

    def __init__(self, text: str, transaction: ExitStack) -> None:
        self.text = text
        self._transaction = transaction
        self._body: bytes | None = None

    def carried_by(self, body: bytes) -> Iterator[bytes]:
        """Return an iterator over `body` in one piece. Its end commits the deletion of the answer."""
        self._body = body
        return self

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._body is None:
            self._transaction.close()
            raise StopIteration
        body, self._body = self._body, None
        return body

    def close(self) -> None:
        """Roll back, which keeps the answer, unless its deletion has been committed."""
        with suppress(Problem):  # a database that is lost or silent rolls back by itself
            self._transaction.__exit__(NotWritten, NotWritten(), None)


@contextmanager
def taking(database: Database, question: str) -> Iterator[Limited]:
    """Run a transaction that takes an answer, and yield its connection. If it fails, announce the answer again."""
    with database.connection() as connection:
        try:
            with connection.transaction():
                yield connection
        except BaseException:
            with suppress(OperationalError):  # if the connection is lost, listeners wake all clients on reconnecting
                connection.execute(ANNOUNCE, {"question": question})
            raise
