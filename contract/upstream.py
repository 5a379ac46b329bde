"""The request that both twins send to the upstream, and the checks of its response."""

from pydantic import BaseModel, Field, ValidationError

from .operation import MOST_DIGITS, Headers
from .problems import Problem, bad_gateway, timed_out

CONNECT_WITHIN = 1.0
"""Seconds that the upstream may take to accept a connection."""

ANSWER_WITHIN = 5.0
"""Seconds that the upstream may take to respond, in addition to the requested delay."""

LONGEST_ANSWER = 4096
"""The maximum size of a response body, in bytes."""


LONGEST_LINE = 65536
"""The maximum length of the status line and of each header, in bytes: the fixed limit of Python's http.client."""

MOST_HEADERS = 99
"""The maximum number of headers in a response: the fixed limit of Python's http.client, which counts one line more."""


class Waited(BaseModel):
    """The upstream's response body: the time that it waited, in seconds."""

    duration: float = Field(ge=0, allow_inf_nan=False)


def path(delay: float) -> str:
    """Return the path that requests a wait of `delay` seconds. No other part of the client's request enters it."""
    return f"/delay/{delay:.9f}s"


def admit(status: int, headers: Headers) -> None:
    """Check a response's status and length before its body is read. Raises Problem (502) if either is invalid."""
    if status != 200:
        raise bad_gateway(f"The upstream responded with status {status}.")
    length = headers.get("Content-Length", "")
    in_chunks = headers.get("Transfer-Encoding", "")  # refused even with a Content-Length
    if in_chunks or not length.isdecimal() or len(length) > MOST_DIGITS or int(length) > LONGEST_ANSWER:
        raise bad_gateway(f"The upstream's response is over {LONGEST_ANSWER} bytes or of unknown length.")


def waited(body: bytes) -> float:
    """Return the seconds that the upstream reports as its wait. Raises Problem (502) if it reports none."""
    try:
        return Waited.model_validate_json(body).duration
    except ValidationError:
        raise bad_gateway("The upstream's response is not JSON with a valid duration.") from None


def broken() -> Problem:
    """Return a 502: the upstream is unreachable, or its response is not complete and valid HTTP."""
    return bad_gateway("The upstream is unreachable or did not send a complete HTTP response.")


def too_slow(delay: float) -> Problem:
    """Return a 504: the upstream did not respond within `delay` plus the extra time allowed."""
    return timed_out(f"The upstream did not respond within {delay + ANSWER_WITHIN:g} s.")
