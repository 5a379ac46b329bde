"""What gunicorn tells a WSGI application beyond the standard: the target as it was sent, and who has left."""

import select
import socket
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from contract.targets import as_sent


def target(environ: Mapping[str, Any]) -> str:
    """The request target as it was sent. WSGI hands its bytes over as Latin-1 (PEP 3333)."""
    return as_sent(environ["RAW_URI"])


class Headers:
    """The request headers of an environ: a framework's own raise and catch an exception for each that was not sent."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def get(self, name: str, default: str, /) -> str:
        """The value of a header, whatever the case of its name."""
        value: str = self._environ.get(_key(name), default)
        return value


@cache  # the names that the contract asks for are few
def _key(name: str) -> str:
    """The key of a header in an environ (PEP 3333)."""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"


class WhileThere:
    """The pieces of a body, for as long as there is somebody to take them: a write alone tells one piece late."""

    def __init__(self, environ: Mapping[str, Any], chunks: Any) -> None:
        """`chunks`: an iterator with a `close`. Nobody takes those of a response to HEAD."""
        self._wanted = environ["REQUEST_METHOD"] != "HEAD"
        self._connection: socket.socket | None = environ.get("gunicorn.socket")
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
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
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    try:
        return bool(poll.poll(0)) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
