"""Helpers that the tests of the contract share."""

from typing import Any

from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.replies import Reply
from contract.settings import Settings

BY_NAME = {operation.name: operation for operation in OPERATIONS}


def whole(reply: Reply) -> bytes:
    """Return the body of a reply that is not streamed."""
    assert isinstance(reply.body, bytes)
    return reply.body


def parsed(name: str, target: str, max_duration: float = 10.0) -> Any:
    """Parse a GET request without headers and return its checked values."""
    return BY_NAME[name].parse(target, {}, Settings(max_duration=max_duration))


def parsed_body(operation: Operation, target: str, body: bytes) -> Any:
    """Parse a request with a body and its Content-Length, and return its checked values."""
    return operation.parse(target, {"Content-Length": str(len(body))}, Settings(), body)


def parsed_example(operation: Operation) -> Any:
    """Parse the example request that the index shows, and return its checked values."""
    return parsed_body(operation, operation.example, b"soup" if operation.takes.from_body else b"")
