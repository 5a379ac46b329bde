"""Slow clients: each holds a connection on which half a request was sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import gevent
from gevent import socket

HALF = b"GET /healthz HTTP/1.1\r\nHost: slow.client\r\n"
"""A request without the empty line at its end."""

AGAIN = 0.1
"""Seconds before a slow client connects again after its connection was closed."""

SETTLED = 0.5
"""Seconds that a service gets to start reading the half-sent requests."""


@contextmanager
def slow_clients(url: str, number: int) -> Iterator[None]:
    """Hold `number` half-sent requests to the service at `url` until the context exits."""
    clients = [gevent.spawn(_hold, url) for _ in range(number)]
    if clients:
        gevent.sleep(SETTLED)
    try:
        yield
    finally:
        gevent.killall(clients)


def _hold(url: str) -> None:
    address = urlsplit(url)
    while True:
        try:
            with socket.create_connection((address.hostname, address.port)) as connection:
                connection.sendall(HALF)
                while connection.recv(4096):
                    pass
        except OSError:
            pass  # refused or reset: try again, like a connection that was closed
        gevent.sleep(AGAIN)
