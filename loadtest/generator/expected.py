"""The response bodies that the contract promises. Users compare responses with them."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from contract.contents import digest
from contract.operations import OPERATIONS
from contract.problems import Problem
from contract.replies import NO_HEADERS
from contract.settings import Settings

OUTCOMES: Mapping[str, Callable[[Any], Any]] = {
    "fetch": lambda asked: [asked.delay] * asked.n,
    "query": lambda asked: list(range(asked.n)),
    "file": lambda asked: digest(asked.size),
    "drip": lambda asked: iter([b"*" * asked.numbytes]),
}
"""The result that each waiting function passes to its handler, if the request alone determines it."""


@cache
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
