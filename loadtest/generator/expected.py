"""The response bodies that the contract promises. Users compare responses with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from contract.bodies import Made
from contract.contents import digest
from contract.operations import OPERATIONS
from contract.problems import Problem
from contract.replies import NO_HEADERS
from contract.settings import Settings

OUTCOMES: Mapping[str, Callable[[Any], Any]] = {
    "fanout": lambda asked: Made("sequential", [None] * asked.n),  # the body is the same however the waits are made
    "fetch": lambda asked: Made("sequential", [asked.delay] * asked.n),
    "query": lambda asked: Made("sequential", list(range(asked.n))),
    "file": lambda asked: digest(asked.size),
    "drip": lambda asked: iter([b"*" * asked.numbytes]),
}
"""The result that each waiting function passes to its handler, if the request alone determines it."""


SHOWN = 80
"""Bytes of an unexpected body that an error shows."""


@dataclass(frozen=True)
class Promise:
    """An answer of 200 with a body; None: with any body."""

    body: bytes | None

    def fault(self, status: int, _headers: Mapping[str, str], body: bytes | bytearray) -> str | None:
        """Return in words how an answer breaks the promise, or None."""
        if status != 200:
            return f"status {status} instead of 200"
        return f"unexpected body: {bytes(body[:SHOWN])!r}" if self.body is not None and body != self.body else None


@cache
def promise(target: str) -> Promise:
    """Return what both twins owe for `target`."""
    return Promise(promised(target))


def promised(target: str) -> bytes | None:
    """Return the body that both twins owe for `target`, or None if they refuse it or the body contains the time."""
    name = target.strip("/").partition("/")[0].partition("?")[0]
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    if name == "sse":
        return None
    try:
        asked = operation.parse(target, NO_HEADERS, Settings())
    except Problem:
        return None
    answer = OUTCOMES[name](asked) if name in OUTCOMES else None
    body = operation.reply(asked, answer).body
    return body if isinstance(body, bytes) else b"".join(body)  # type: ignore[arg-type] # the iterator of bytes from OUTCOMES
