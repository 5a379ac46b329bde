"""HTTP by hand: a request goes out byte for byte as it is written, and everything that comes back is kept."""

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.client import parse_headers
from io import BytesIO
from threading import Barrier

PATIENCE = 30.0
"""Seconds after which a service that says nothing has failed."""

HOST = "twins.test"
"""What every request calls the service, so that answers that show it are equal."""


@dataclass(frozen=True)
class Answer:
    """One response; times are those of time.perf_counter."""

    status: int
    headers: Message
    body: bytes
    began: float
    ended: float

    @property
    def elapsed(self) -> float:
        return self.ended - self.began

    @property
    def timing(self) -> dict[str, float]:
        """Server-Timing in seconds, by name."""
        parts = (part.strip().split(";dur=") for part in self.headers["Server-Timing"].split(","))
        return {name: float(milliseconds) / 1000 for name, milliseconds in parts}


def other_promises(answer: Answer) -> dict[str, str]:
    """Return the headers that the contract gives to some answers alone."""
    names = ("Allow", "Retry-After", "Vary", "Location")
    return {name: answer.headers[name] for name in names if name in answer.headers}


class NotAnswered(Exception):
    """A connection that was refused, or closed without a response."""


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def written(target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """A request. Surrogate escapes in `target` stand for bytes that are no UTF-8."""
    fields = {"Host": HOST, "Connection": "close", **(headers or {})}
    if body:
        fields["Content-Length"] = str(len(body))
    line = f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape")
    lines = [line, *(f"{name}: {value}".encode("latin-1") for name, value in fields.items())]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def ask(
    url: str, target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """The answer to one request on a connection of its own."""
    began = time.perf_counter()
    try:
        with connect(url) as connection:
            with suppress(ConnectionError):  # a service may refuse a body before it has all of it
                connection.sendall(written(target, method, headers, body))
            return read(connection, began)
    except ConnectionError as error:
        raise NotAnswered(str(error)) from None


def asked_in_http_1_0(url: str) -> Answer:
    """The answer to a client of HTTP/1.0 that asks for an event stream."""
    began = time.perf_counter()
    with connect(url) as connection:
        connection.sendall(f"GET /sse?count=2&duration=10ms HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        return read(connection, began)


def announced(url: str) -> socket.socket:
    """A connection on which the head of a request has been sent, and a body of 5000 bytes is to come."""
    connection = connect(url)
    connection.sendall(written("/answer/x", "POST", {"Content-Length": "5000"}))
    return connection


def read(connection: socket.socket, began: float) -> Answer:
    """Everything that comes until the other side closes, as one response."""
    received = bytearray()
    with suppress(ConnectionResetError):  # how some close when a body was left unread
        while data := connection.recv(65536):
            received += data
    ended = time.perf_counter()
    if not received:
        raise NotAnswered("closed without a response")
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status, headers = parsed(head)
    return Answer(status, headers, body, began, ended)


def parsed(head: bytes) -> tuple[int, Message]:
    """Status and headers of a response."""
    status_line, _, fields = head.partition(b"\r\n")
    return int(status_line.split()[1]), parse_headers(BytesIO(fields + b"\r\n\r\n"))


class Stream:
    """A response that is read as it comes, each piece with the moment of its arrival (time.perf_counter)."""

    def __init__(self, url: str, target: str, method: str = "GET") -> None:
        self.began = time.perf_counter()
        self.pieces: list[tuple[float, bytes]] = []
        self._connection = connect(url)
        self._connection.sendall(written(target, method))
        received = b""
        while b"\r\n\r\n" not in received:
            data = self._connection.recv(65536)
            if not data:
                raise NotAnswered("closed within its head")
            received += data
        head, _, piece = received.partition(b"\r\n\r\n")
        self.status, self.headers = parsed(head)
        self.head_came = time.perf_counter()
        if piece:
            self.pieces.append((self.head_came, piece))

    @property
    def body(self) -> bytes:
        """What has come of it."""
        return b"".join(piece for _, piece in self.pieces)

    def more(self) -> bool:
        """Wait for another piece; whether there was one."""
        if data := self._connection.recv(65536):
            self.pieces.append((time.perf_counter(), data))
        return bool(data)

    def rest(self) -> "Stream":
        """Read to its end."""
        with self._connection:
            while self.more():
                pass
        return self

    def arrival(self, end: int) -> float:
        """Seconds from the request until the first `end` bytes of the body had come."""
        have = 0
        for moment, piece in self.pieces:
            have += len(piece)
            if have >= end:
                return moment - self.began
        raise AssertionError(f"only {have} bytes came")

    def leave(self) -> None:
        self._connection.close()


def at_once(url: str, targets: Sequence[str]) -> list[Answer]:
    """The answers to requests that all begin at the same moment, in the order of `targets`."""
    ready = Barrier(len(targets))

    def one(target: str) -> Answer:
        ready.wait(PATIENCE)
        return ask(url, target)

    with ThreadPoolExecutor(len(targets)) as pool:
        return list(pool.map(one, targets))


def elapsed(answers: Sequence[Answer]) -> float:
    """Seconds from the first request to the last answer."""
    return max(answer.ended for answer in answers) - min(answer.began for answer in answers)


class Held:
    """A request that the service has begun to work on: it has said 100 Continue."""

    def __init__(self, url: str, target: str) -> None:
        self.began = time.perf_counter()
        self._connection = connect(url)
        self._connection.sendall(written(target, headers={"Expect": "100-continue", "Content-Length": "1"}))
        interim = b""
        while not interim.endswith(b"\r\n\r\n"):
            piece = self._connection.recv(1)  # the response proper may follow at once
            assert piece
            interim += piece
        assert interim.startswith(b"HTTP/1.1 100 ")
        self._connection.sendall(b"x")

    def answer(self) -> Answer:
        with self._connection:
            return read(self._connection, self.began)

    def leave(self) -> None:
        self._connection.close()


def eventually(true: Callable[[], bool], within: float = 10.0) -> float:
    """Ask until it is true; the seconds that it took."""
    began = time.perf_counter()
    while not true():
        assert time.perf_counter() - began < within, f"not within {within:g} s"
        time.sleep(0.02)
    return time.perf_counter() - began
