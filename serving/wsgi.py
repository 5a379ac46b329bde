"""Helpers for WSGI applications on gunicorn: the target as it was sent, and the detection of disconnected clients."""

import select
import socket
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from contract.targets import as_sent


def target(environ: Mapping[str, Any]) -> str:
    """Return the request target as it was sent. WSGI passes its bytes as Latin-1 (PEP 3333)."""
    return as_sent(environ["RAW_URI"])


class Headers:
    """The request headers of an environ, without the exception that a framework's own raise for each missing header."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def get(self, name: str, default: str, /) -> str:
        """Return the value of a header, or `default`. The case of `name` does not matter."""
        value: str = self._environ.get(_key(name), default)
        return value


@cache  # the contract reads only a few names
def _key(name: str) -> str:
    """Return the key of a header in an environ (PEP 3333)."""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"


class WhileThere:
    """The pieces of a body, until the client disconnects: a failing write alone would show it one piece late."""

    def __init__(self, environ: Mapping[str, Any], chunks: Any) -> None:
        self._wanted = environ["REQUEST_METHOD"] != "HEAD"  # a response to HEAD has no pieces
        self._connection: socket.socket | None = environ.get("gunicorn.socket")
        self._chunks = chunks  # an iterator with a `close`

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
        """Close the body, even if it is unfinished or never started."""
        self._chunks.close()


def _has_left(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    try:
        return bool(poll.poll(0)) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
