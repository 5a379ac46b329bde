"""A response independent of any framework, and the headers that report what was measured."""

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pydantic_core import to_json

JSON = "application/json"
HTML = "text/html; charset=utf-8"
SVG = "image/svg+xml"
TEXT = "text/plain; charset=utf-8"
EVENTS = "text/event-stream; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


Chunks = Iterator[bytes] | AsyncIterator[bytes]
"""A body that is streamed. It is always closed (`close`, `aclose`), even if it is unfinished or never started."""


class Reply(NamedTuple):
    """One response: body, status, content type and further headers."""

    body: bytes | Chunks
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = NO_HEADERS


def as_json(value: object) -> bytes:
    """Return `value` as one line of JSON, keys in the given order, with a newline for the terminal."""
    return to_json(value) + b"\n"


def server_timing(total: float, waited: float | None) -> str:
    """Return the `Server-Timing` value: milliseconds spent waiting and in total.

    Both arguments are seconds; `waited` is None if the request never waited. Format: W3C Server Timing, section 3.
    """
    if waited is None:
        return f"total;dur={total * 1000:.1f}"
    return f"wait;dur={waited * 1000:.1f}, total;dur={total * 1000:.1f}"


@lru_cache(maxsize=1024)  # the maximum number of threads in a process
def served_by(service: str, pid: int, lane: str) -> str:
    """Return the `Served-By` value: the service, its process, and the thread or event loop (`lane`)."""
    return f"{service}; pid={pid}; lane={lane}"


NO_CONTENT = (204, 304)
"""Statuses whose responses have no Content-Length (RFC 9110, section 8.6)."""


def complete(reply: Reply, served_by: str, server_timing: str) -> Reply:
    """Return the reply with all its headers. A streamed body keeps the Content-Length that it was given."""
    body, status, content_type, given = reply
    headers = {"Content-Type": content_type, "Served-By": served_by, "Server-Timing": server_timing}
    if given:
        headers = {**given, **headers}
    if isinstance(body, bytes) and status not in NO_CONTENT:
        headers["Content-Length"] = str(len(body))
    if status == 304:
        del headers["Content-Type"]
    return Reply(body, status, content_type, headers)
