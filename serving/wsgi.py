"""What gunicorn tells a WSGI application beyond the standard: the target as it was sent, and who has left."""

import select
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from contract.targets import as_sent


def target(environ: Mapping[str, Any]) -> str:
    """The request target as it was sent. WSGI hands its bytes over as Latin-1 (PEP 3333)."""
    return as_sent(environ["RAW_URI"])


class WhileThere:
    """The pieces of a body, for as long as there is somebody to take them: a write alone tells one piece late."""

    def __init__(self, environ: Mapping[str, Any], chunks: Any) -> None:
        """`chunks`: an iterator with a `close`. Nobody takes those of a response to HEAD."""
        self._wanted = environ["REQUEST_METHOD"] != "HEAD"
        self._connection: socket.socket | None = environ.get("gunicorn.socket")
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        """It can be iterated over once."""
        return self

    def __next__(self) -> bytes:
        """The next piece."""
        if not self._wanted:
            raise StopIteration
        chunk: bytes = next(self._chunks)
        if self._connection is not None and _has_left(self._connection):
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Close the body, however far it came."""
        self._chunks.close()


def _has_left(connection: socket.socket) -> bool:
    """Whether the client at the other end has closed it."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    try:
        return bool(poll.poll(0)) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
