"""A reply before any framework has seen it, and the headers that say what was measured."""

from collections.abc import AsyncIterator, Iterator, Mapping
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


def served_by(service: str, pid: int, lane: str) -> str:
    """The `Served-By` value: which service, which process, and which thread or loop in it."""
    return f"{service}; pid={pid}; lane={lane}"
