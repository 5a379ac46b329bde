"""What both services ask of the upstream, and what they take for an answer."""

from pydantic import BaseModel, Field, ValidationError

from .operation import MOST_DIGITS, Headers
from .problems import Problem, bad_gateway, timed_out

CONNECT_WITHIN = 1.0
"""Seconds that it may take to accept a connection."""

ANSWER_WITHIN = 5.0
"""Seconds that it may take to answer, beside those that it is asked to wait."""

LONGEST_ANSWER = 4096
"""Bytes."""


class Waited(BaseModel):
    """Its answer: how long it waited, in seconds."""

    duration: float = Field(ge=0, allow_inf_nan=False)


def path(delay: float) -> str:
    """Where a wait of `delay` seconds is asked for. Nothing of the request goes into it but this number."""
    return f"/delay/{delay:.9f}s"


def admit(status: int, headers: Headers) -> None:
    """Look at an answer's status and length before its body is read; a Problem (502) unless they will do."""
    if status != 200:
        raise bad_gateway(f"The upstream answered with status {status}.")
    length = headers.get("Content-Length", "")
    in_chunks = headers.get("Transfer-Encoding", "")  # whatever else is said of its length
    if in_chunks or not length.isdecimal() or len(length) > MOST_DIGITS or int(length) > LONGEST_ANSWER:
        raise bad_gateway("The upstream's answer is too long, or of unknown length.")


def waited(body: bytes) -> float:
    """The seconds that the upstream says it waited; a Problem (502) where it says nothing of the kind."""
    try:
        return Waited.model_validate_json(body).duration
    except ValidationError:
        raise bad_gateway("The upstream's answer makes no sense.") from None


def broken() -> Problem:
    """502: it cannot be reached, or what comes from it is not HTTP."""
    return bad_gateway("The upstream cannot be reached, or broke off.")


def too_slow(delay: float) -> Problem:
    """504: it did not answer in the time that it was given."""
    return timed_out(f"The upstream did not answer within {delay + ANSWER_WITHIN:g} s.")
