"""Where a service parts from the contract, and why. test_exceptions.py shows what each does instead.

peers/README.md tells the same reasons.
"""

import pytest

from tests.conformance.support.wire import HOST

TARGET = "uvicorn hands over a path and a query: not a fragment, and not the scheme and host of a proxy's target"
NO_HOST = "Tornado refuses a Host that is no host, with 400 and without a body"
NO_CONTENT = "Tornado takes the content type from a response of status 204"
NUL = "Sanic closes the connection where a target has a NUL in it"
EMPTY = "Sanic says that the response to HEAD of an event stream is empty"

CHUNKS = "uvicorn and Sanic send an event stream in chunks to a client of HTTP/1.0 as well"
LATE = "a body that is too long is refused when it has come, not when it is announced"

OLD = "/sse?count=2 of HTTP/1.0"
ANNOUNCED = "POST /answer/x of 5000 bytes to come"

EXCEPTIONS = {
    **{
        (name, target): TARGET
        for name in ("django-async", "fastapi")
        for target in ("/healthz#x", "/delay/1#x", f"http://{HOST}/nope", f"HTTP://{HOST}/healthz")
    },
    **{("tornado", host): NO_HOST for host in ("a b", "<script>", "user@a", "a/b", "\xe9")},
    ("tornado", "/drip?duration=0&code=204"): NO_CONTENT,
    ("sanic", "/delay/a\0b"): NUL,
    ("sanic", "/sse?duration=9s&delay=100ms"): EMPTY,
    **{(name, OLD): CHUNKS for name in ("django-async", "fastapi", "sanic")},
    **{(name, ANNOUNCED): LATE for name in ("django-async", "tornado", "sanic")},
}
"""The reason, by the name of the service and by what is asked of it."""


def leave_out(name: str, asked: str) -> None:
    """Skip what a service is known to do otherwise."""
    if reason := EXCEPTIONS.get((name, asked)):
        pytest.skip(reason)
