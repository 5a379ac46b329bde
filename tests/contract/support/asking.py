"""What the tests of the contract have in common."""

from typing import Any

from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.replies import Reply
from contract.settings import Settings

BY_NAME = {operation.name: operation for operation in OPERATIONS}


def whole(reply: Reply) -> bytes:
    """The body of a reply that comes at once."""
    assert isinstance(reply.body, bytes)
    return reply.body


def parsed(name: str, target: str, max_duration: float = 10.0) -> Any:
    """The checked values of a GET."""
    return BY_NAME[name].parse(target, {}, Settings(max_duration=max_duration))


def parsed_body(operation: Operation, target: str, body: bytes) -> Any:
    """The checked values of a request that says how long its body is."""
    return operation.parse(target, {"Content-Length": str(len(body))}, Settings(), body)


def parsed_example(operation: Operation) -> Any:
    """The checked values of the request that the index shows."""
    return parsed_body(operation, operation.example, b"soup" if operation.takes.from_body else b"")
