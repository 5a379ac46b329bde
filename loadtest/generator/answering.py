"""Find the services that accept no connection, before users send their requests to them."""

import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from loadtest.english import listed

LOOPBACK = ("127.0.0.1", "localhost", "::1")

WITHIN = 2.0
"""Seconds within which a connection must be accepted."""

Place = tuple[str, str]
"""The name of a service, and its URL."""


def refusal(places: Iterable[Place]) -> str | None:
    """Return a sentence that names the services that accept no connection, or None if all do.

    A service that accepts connections and answers none is not found here: its requests fail, which is measured.
    """
    known = [*dict.fromkeys(places)]
    with ThreadPoolExecutor(max(1, len(known))) as at_once:
        accepted = [*at_once.map(_accepts, [url for _, url in known])]
    absent = [place for place, accepts in zip(known, accepted, strict=True) if not accepts]
    if not absent:
        return None
    them = "it" if len(absent) == 1 else "them"
    do = f"run sync-vs-async serve, which starts {them}" if _ours(absent) else f"start {them}"
    return f"Nothing answers at {listed([f'{url} ({name})' for name, url in absent])}: {do}, and try again."


def _ours(places: Sequence[Place]) -> bool:
    return all(urlsplit(url).hostname in LOOPBACK for _, url in places)


def _accepts(url: str) -> bool:
    try:
        address = urlsplit(url)
        port = address.port or {"http": 80, "https": 443}[address.scheme]
        socket.create_connection((address.hostname or "", port), WITHIN).close()
    except (OSError, ValueError, KeyError):  # no such host, or no URL
        return False
    return True
