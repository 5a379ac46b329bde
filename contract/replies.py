"""A reply before any framework has seen it, and the headers that say what was measured."""

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pydantic_core import to_json

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
EVENTS = "text/event-stream; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


Chunks = Iterator[bytes] | AsyncIterator[bytes]
"""A body that comes piece by piece. It is closed (`close`, `aclose`) however far it came, even before it began."""


class Reply(NamedTuple):
    """One response: a status, a body, and its headers."""

    body: bytes | Chunks
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = NO_HEADERS


def as_json(value: object) -> bytes:
    """`value` as JSON in one line, keys in the order given, with a line end for the terminal."""
    return to_json(value) + b"\n"


def server_timing(total: float, waited: float | None) -> str:
    """The `Server-Timing` value: milliseconds spent waiting (None: it never came to that) and in all.

    Both arguments are seconds. Format: W3C Server Timing, section 3.
    """
    if waited is None:
        return f"total;dur={total * 1000:.1f}"
    return f"wait;dur={waited * 1000:.1f}, total;dur={total * 1000:.1f}"


@lru_cache(maxsize=1024)  # as many threads as a process may have
def served_by(service: str, pid: int, lane: str) -> str:
    """The `Served-By` value: which service, which process, and which thread or loop in it."""
    return f"{service}; pid={pid}; lane={lane}"


NO_CONTENT = (204, 304)
"""Statuses whose responses tell no length of content (RFC 9110, section 8.6)."""


def complete(reply: Reply, served_by: str, server_timing: str) -> Reply:
    """The reply with all its headers; the length of a body that comes piece by piece stays as it was given."""
    body, status, content_type, given = reply
    headers = {"Content-Type": content_type, "Served-By": served_by, "Server-Timing": server_timing}
    if given:
        headers = {**given, **headers}
    if isinstance(body, bytes) and status not in NO_CONTENT:
        headers["Content-Length"] = str(len(body))
    if status == 304:
        del headers["Content-Type"]
    return Reply(body, status, content_type, headers)
