"""Services of a user's own: with an answer as bytes, or with a handler that records what it is asked; also over TLS."""

import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.parser import BytesHeaderParser
from http.server import BaseHTTPRequestHandler
from itertools import count, takewhile
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from loadtest.contenders.request import METHODS
from tests.loadtest.support.servers import serving

PATIENT = 30.0
"""Seconds to wait for a client, longer than any stall of the machine."""


class Asked(NamedTuple):
    """One request: its first line, headers with lower-case names, and body."""

    line: str
    headers: dict[str, str]
    body: bytes


class Scripted:
    """A server that gives the same answer, byte for byte, to each connection, and closes it."""

    def __init__(self, answer: bytes, tls: ssl.SSLContext | None, *, reset: bool) -> None:
        self.asked: list[Asked] = []
        self._answer, self._tls, self._reset = answer, tls, reset
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        """End the thread, and close the socket."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # a client that does not like the certificate leaves
                connection.settimeout(PATIENT)
                if self._tls is None:
                    self._reply(connection)
                else:
                    with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                        self._reply(encrypted)

    def _reply(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as received:
            if received.peek(1)[:1] != b"\x16":  # else the client begins with TLS
                line = received.readline().decode("latin-1").rstrip()
                head = b"".join(takewhile(lambda each: each not in {b"\r\n", b""}, iter(received.readline, None)))
                headers = {name.lower(): value for name, value in BytesHeaderParser().parsebytes(head).items()}
                self.asked.append(Asked(line, headers, received.read(int(headers.get("content-length", 0)))))
        connection.sendall(self._answer)
        if self._reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def scripted(answer: bytes, tls: ssl.SSLContext | None = None, *, reset: bool = False) -> Iterator[Scripted]:
    """Run a Scripted server until the context exits. `reset`: it resets connections instead of closing them."""
    server = Scripted(answer, tls, reset=reset)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def recording(answer: Callable[[Asked, int], bytes | None]) -> Iterator[tuple[str, list[Asked]]]:
    """Yield the URL of a server and the requests that it has read.

    `answer` gets the number of a request too, counted from 1; None closes the connection unanswered.
    """
    seen: list[Asked] = []
    numbers = count(1)

    class Record(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            number = next(numbers)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.requestline, headers, self.rfile.read(int(headers.get("content-length", 0))))
            seen.append(asked)
            reply = answer(asked, number)
            if reply is None:
                self.close_connection = True
            else:
                self.wfile.write(reply)

        def handle(self) -> None:
            with suppress(ConnectionError):  # a load generator that ends has no time to close its connections
                super().handle()

        def log_message(self, *_message: object) -> None:
            pass

    for method in METHODS:
        setattr(Record, f"do_{method}", Record.reply)
    with serving(Record) as url:
        yield url, seen


def http(status: str = "200 OK", *headers: str, body: bytes = b"", version: str = "1.1") -> bytes:
    """Return an answer with its length."""
    lines = [f"HTTP/{version} {status}", f"Content-Length: {len(body)}", *headers]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


class Authority:
    """A private authority, whose certificate is the file `ca`. It needs the command openssl."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        self._folder = folder
        self.ca = folder / "ca.pem"
        self._openssl(f"req -x509 -days 2 -subj /CN=authority -out ca.pem -addext keyUsage=keyCertSign {new_key('ca')}")

    def server(self, name: str) -> ssl.SSLContext:
        """Return the TLS settings of a server with a certificate for `name`, such as IP:127.0.0.1."""
        file = name.replace(":", "-")
        (self._folder / f"{file}.ext").write_text(f"subjectAltName={name}\nauthorityKeyIdentifier=keyid\n")
        self._openssl(f"req -subj /CN=service -out {file}.csr {new_key(file)}")
        signed = "-CA ca.pem -CAkey ca.key -CAcreateserial"
        self._openssl(f"x509 -req -days 2 -in {file}.csr -out {file}.pem -extfile {file}.ext {signed}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / f"{file}.pem", self._folder / f"{file}.key")
        return context

    def _openssl(self, arguments: str) -> None:
        subprocess.run(["openssl", *arguments.split()], cwd=self._folder, check=True, capture_output=True)


def new_key(name: str) -> str:
    """Return the options for a new key in the file `name`.key."""
    return f"-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key"
