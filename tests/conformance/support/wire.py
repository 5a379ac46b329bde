"""A minimal HTTP client that sends requests byte for byte as written and keeps everything it receives."""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import parse_headers
from io import BytesIO
from threading import Barrier
from typing import Self

from tests.support.stalls import TooLate

PATIENCE = 30.0
"""Seconds after which a silent service counts as failed."""

HOST = "twins.test"
"""The Host of every request, so that responses that contain it are equal."""


STALLED = {
    b"The database is unreachable.": 2.0,
    b"The upstream did not respond within ": 5.0,
    b" became free within ": 0.0,
}
"""What a service says if the database, the upstream or a connection does not come in time. The fault is that of the
service if it says so in fewer seconds."""


@dataclass(frozen=True)
class Answer:
    """One response. Times are those of time.perf_counter."""

    status: int
    headers: Message
    body: bytes
    began: float
    ended: float

    @property
    def elapsed(self) -> float:
        return self.ended - self.began

    @property
    def pid(self) -> int:
        """The process that answered."""
        return int(self.headers["Served-By"].split("pid=")[1].partition(";")[0])

    @property
    def timing(self) -> dict[str, float]:
        """The durations in Server-Timing, in seconds, by name."""
        parts = (part.strip().split(";dur=") for part in self.headers["Server-Timing"].split(","))
        return {name: float(milliseconds) / 1000 for name, milliseconds in parts}


def other_promises(answer: Answer) -> dict[str, str]:
    """Return the headers that the contract requires for some responses only."""
    names = ("Accept-Encoding", "Allow", "Retry-After", "Vary", "Location")
    return {name: answer.headers[name] for name in names if name in answer.headers}


class NotAnswered(Exception):
    """A connection that was refused, or closed without a response."""


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def written(target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """Return the bytes of a request. Surrogate escapes in `target` stand for bytes that are not UTF-8."""
    fields = {"Host": HOST, "Connection": "close", **(headers or {})}
    if body:
        fields["Content-Length"] = str(len(body))
    line = f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape")
    lines = [line, *(f"{name}: {value}".encode("latin-1") for name, value in fields.items())]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def in_time(answer: Answer) -> Answer:
    """Return the answer. Raises TooLate if it says that the service waited in vain for a database that may stall."""
    for sentence, patience in STALLED.items():
        if answer.status in (503, 504) and sentence in answer.body and answer.elapsed >= patience:
            raise TooLate(answer.body.decode())
    return answer


def ask(
    url: str, target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Return the response to one request, as `request` does. Raises TooLate as `in_time` does."""
    return in_time(request(url, target, method, headers, body))


def request(
    url: str, target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Send one request on a new connection and return its response. Raises NotAnswered without one."""
    began = time.perf_counter()
    try:
        with connect(url) as connection:
            with suppress(ConnectionError):  # a service may refuse a body before it has received all of it
                connection.sendall(written(target, method, headers, body))
            return read(connection, began)
    except ConnectionError as error:
        raise NotAnswered(str(error)) from None


def say(url: str, request: bytes, leaves: bool = False) -> Answer:
    """Send these bytes on a new connection and return the response. Raises NotAnswered without one.

    A client that `leaves` closes its sending half after the request.
    """
    began = time.perf_counter()
    with connect(url) as connection:
        connection.sendall(request)
        if leaves:
            connection.shutdown(socket.SHUT_WR)
        return read(connection, began)


def asked_in_http_1_0(url: str) -> Answer:
    """Request an event stream in HTTP/1.0 and return the response."""
    began = time.perf_counter()
    with connect(url) as connection:
        connection.sendall(f"GET /sse?count=2&duration=10ms HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        return read(connection, began)


@contextmanager
def announced(url: str) -> Iterator[socket.socket]:
    """Send the head of a request that announces a body of 5000 bytes, and yield the connection."""
    with connect(url) as connection:
        connection.sendall(written("/answer/x", "POST", {"Content-Length": "5000"}))
        yield connection


def read(connection: socket.socket, began: float) -> Answer:
    """Read until the service closes the connection, and return the response. Raises NotAnswered without one."""
    received = bytearray()
    with suppress(ConnectionResetError):  # some servers close like this if they left a body unread
        while data := connection.recv(65536):
            received += data
    ended = time.perf_counter()
    if not received:
        raise NotAnswered("closed without a response")
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status, headers = parsed(head)
    return Answer(status, headers, body, began, ended)


def parsed(head: bytes) -> tuple[int, Message]:
    """Return the status and headers in the head of a response."""
    status_line, _, fields = head.partition(b"\r\n")
    return int(status_line.split()[1]), parse_headers(BytesIO(fields + b"\r\n\r\n"))


class Connected:
    """A connection that carries one request. The exit of its context closes it."""

    def __init__(self, url: str) -> None:
        self.began = time.perf_counter()
        self._connection = connect(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._connection.close()


class Stream(Connected):
    """A response that is read as it arrives. Each piece has its time of arrival (time.perf_counter)."""

    def __init__(self, url: str, target: str, method: str = "GET") -> None:
        super().__init__(url)
        self.pieces: list[tuple[float, bytes]] = []
        try:
            self._connection.sendall(written(target, method))
            head, _, piece = self._received().partition(b"\r\n\r\n")
        except BaseException:
            self.leave()
            raise
        self.status, self.headers = parsed(head)
        self.head_came = time.perf_counter()
        if piece:
            self.pieces.append((self.head_came, piece))

    def _received(self) -> bytes:
        """Return the head of the response, and what came with it."""
        received = b""
        while b"\r\n\r\n" not in received:
            data = self._connection.recv(65536)
            if not data:
                raise NotAnswered("closed within its head")
            received += data
        return received

    @property
    def body(self) -> bytes:
        """The part of the body received so far."""
        return b"".join(piece for _, piece in self.pieces)

    def more(self) -> bool:
        """Wait for another piece and return whether there was one."""
        if data := self._connection.recv(65536):
            self.pieces.append((time.perf_counter(), data))
        return bool(data)

    def rest(self) -> "Stream":
        """Read the response to its end."""
        with self._connection:
            while self.more():
                pass
        return self

    def arrival(self, end: int) -> float:
        """Return the seconds from the request to the arrival of the first `end` bytes of the body."""
        have = 0
        for moment, piece in self.pieces:
            have += len(piece)
            if have >= end:
                return moment - self.began
        raise AssertionError(f"only {have} bytes came")


def at_once(url: str, targets: Sequence[str]) -> list[Answer]:
    """Send all requests at the same moment and return the responses in the order of `targets`."""
    ready = Barrier(len(targets))

    def one(target: str) -> Answer:
        ready.wait(PATIENCE)
        return ask(url, target)

    with ThreadPoolExecutor(len(targets)) as pool:
        return list(pool.map(one, targets))


def elapsed(answers: Sequence[Answer]) -> float:
    """Return the seconds from the first request to the last response."""
    return max(answer.ended for answer in answers) - min(answer.began for answer in answers)


class Held(Connected):
    """A request in flight: the service has confirmed its start with 100 Continue."""

    def __init__(self, url: str, target: str) -> None:
        super().__init__(url)
        try:
            self._connection.sendall(written(target, headers={"Expect": "100-continue", "Content-Length": "1"}))
            assert self._interim().startswith(b"HTTP/1.1 100 ")
            self._connection.sendall(b"x")
        except BaseException:
            self.leave()
            raise

    def _interim(self) -> bytes:
        interim = b""
        while not interim.endswith(b"\r\n\r\n"):
            piece = self._connection.recv(1)  # byte by byte: the final response may follow at once
            assert piece
            interim += piece
        return interim

    def answer(self) -> Answer:
        """Return the response. Raises TooLate as `in_time` does."""
        return in_time(self.response())

    def response(self) -> Answer:
        with self:
            return read(self._connection, self.began)
