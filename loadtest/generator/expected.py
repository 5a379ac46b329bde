"""The bodies that the contract promises, for users to check answers against."""

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
"""What each wait returns to its handler, where it always returns the same."""


@cache
def promised(target: str) -> bytes | None:
    """Return the body that both twins owe for `target`; None where they refuse it or where the body holds the time."""
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
    return body if isinstance(body, bytes) else b"".join(body)  # type: ignore[arg-type] # an iterator of ours
