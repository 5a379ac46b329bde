"""An answer that a person has given, on its way to whoever asked."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Self

from psycopg import Connection, OperationalError

from contract.statements import ANNOUNCE

from .database import Database


class NotWritten(Exception):
    """An answer did not get where it should."""


class Handover:
    """An answer on its way to whoever asked: gone once the body that carries it is written, kept if that fails.

    It takes over an open transaction, in which the answer has been deleted.
    """

    def __init__(self, text: str, transaction: ExitStack) -> None:
        self.text = text
        self._transaction = transaction
        self._body: bytes | None = None

    def carried_by(self, body: bytes) -> Iterator[bytes]:
        """`body`, as a body that comes in one piece."""
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
        """Keep the answer, unless it is gone."""
        self._transaction.__exit__(NotWritten, NotWritten(), None)


@contextmanager
def taking(database: Database, question: str) -> Iterator[Connection[Any]]:
    """A transaction that takes an answer. Where it fails, it says that the answer is there again."""
    with database.connection() as connection:
        try:
            with connection.transaction():
                yield connection
        except BaseException:
            with suppress(OperationalError):  # where it has failed as well, the others look once they listen again
                connection.execute(ANNOUNCE, {"question": question})
            raise
