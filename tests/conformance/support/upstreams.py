"""An upstream that does what it is told to, however wrong."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A response, byte for byte."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1") + body


GOOD = response(b'{"duration":0.01}', "Content-Length: 17", "Connection: close")


class Upstream:
    """A server that sends the same bytes to whoever has sent the head of a request, and closes."""

    def __init__(self) -> None:
        self.says: bytes | None = GOOD
        """None: it says nothing until the client leaves."""
        self.closes_when_asked_again = False
        """Whether it closes a connection only when another request is on its way."""
        self.heard: list[bytes] = []
        """The heads of the requests that came."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = (
            f"http://localhost:{self.port}"  # a name, for which cookies would be kept; for a number they never are
        )
        self._begin()

    def _begin(self) -> None:
        Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it is closed
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
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread that accepts
        self._listener.close()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody listens there until the context is left."""
        self.close()
        try:
            yield
        finally:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._begin()
