"""The requests for which a service deviates from the contract, with reasons. test_exceptions.py tests each deviation.

peers/README.md lists the same reasons.
"""

import pytest

from tests.conformance.support.wire import HOST

TARGET = "uvicorn drops the fragment and, of a proxy-style target, the scheme and host"
NO_HOST = "Tornado refuses an invalid Host with a 400 without a body"
NO_CONTENT = "Tornado removes the Content-Type from a response of status 204"
NUL = "Sanic closes the connection if the target contains a NUL"
EMPTY = "Sanic reports a length of 0 in the response to HEAD for an event stream"

NO_PATH = "uvicorn refuses a target without a path, `http://host`, with a 400 of its own"

CHUNKS = "uvicorn and Sanic send an event stream in chunks even to an HTTP/1.0 client"
LATE = "a body that is too long is refused after it has arrived, not when it is announced"

PATHLESS = f"http://{HOST}"
OLD = "/sse?count=2 of HTTP/1.0"
ANNOUNCED = "POST /answer/x of 5000 bytes to come"

EXCEPTIONS = {
    **{
        (name, target): TARGET
        for name in ("django-async", "fastapi")
        for target in ("/healthz#x", "/delay/1#x", f"http://{HOST}/nope", f"HTTP://{HOST}/healthz")
    },
    **{(name, target): NO_PATH for name in ("django-async", "fastapi") for target in (PATHLESS, f"{PATHLESS}?x")},
    **{("tornado", host): NO_HOST for host in ("a b", "<script>", "user@a", "a/b", "\xe9")},
    ("tornado", "/drip?duration=0&code=204"): NO_CONTENT,
    ("sanic", "/delay/a\0b"): NUL,
    ("sanic", "/sse?duration=9s&delay=100ms"): EMPTY,
    **{(name, OLD): CHUNKS for name in ("django-async", "fastapi", "sanic")},
    **{(name, ANNOUNCED): LATE for name in ("django-async", "tornado", "sanic")},
}
"""The reason for each deviation, by the name of the service and the request."""


def deviates(name: str, asked: str) -> bool:
    """Return whether the service is known to deviate for this request."""
    return (name, asked) in EXCEPTIONS


def leave_out(name: str, asked: str) -> None:
    """Skip the test if the service is known to deviate for this request."""
    if reason := EXCEPTIONS.get((name, asked)):
        pytest.skip(reason)
