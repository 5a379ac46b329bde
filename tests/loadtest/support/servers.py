"""Misbehaving servers: silent, absent, closing connections, or with the same response to everything."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread


@contextmanager
def silent() -> Iterator[str]:
    """Yield the URL of a server that accepts connections in its backlog and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def absent() -> Iterator[str]:
    """Yield a URL whose port is reserved but has no listener."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """Yield the URL of a server that sends the same response to every GET."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_message: object) -> None:
            pass

    with serving(Answer) as url:
        yield url


@contextmanager
def dropping(one_of: int) -> Iterator[str]:
    """Yield the URL of a server that reads every request, and closes the connection of 1 of `one_of` unanswered."""
    numbers = count(1)

    class Drop(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if next(numbers) % one_of == 0:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_message: object) -> None:
            pass

    with serving(Drop) as url:
        yield url


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Yield the URL of a server with this handler, which serves each connection in a thread."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
