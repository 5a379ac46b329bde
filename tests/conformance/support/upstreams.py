"""An upstream that sends any bytes that a test sets, valid or not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return the bytes of a response."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1") + body


GOOD = response(b'{"duration":0.01}', "Content-Length: 17", "Connection: close")


class Upstream:
    """A server that replies to the head of each request with the same bytes and then closes the connection."""

    def __init__(self) -> None:
        self.says: bytes | None = GOOD
        """The bytes to send, or None to stay silent until the client disconnects."""
        self.closes_when_asked_again = False
        """True to close each connection only after another request has arrived on it."""
        self.heard: list[bytes] = []
        """The heads of the received requests."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://localhost:{self.port}"  # a name, because clients never keep cookies for an IP address
        self._begin()

    def _begin(self) -> None:
        Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                Thread(target=self._serve, args=[listener.accept()[0]], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return
                head += data
            self.heard.append(head)
            if self.says is None:
                connection.recv(1)
            else:
                connection.sendall(self.says)
                if self.closes_when_asked_again:
                    connection.recv(65536)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # close() alone would not wake the accepting thread
        self._listener.close()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stop listening until the context exits."""
        self.close()
        try:
            yield
        finally:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._begin()
