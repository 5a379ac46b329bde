import re
from collections.abc import Mapping, Sequence
from itertools import product

import pytest

from contract.operations import OPERATIONS
from contract.replies import NO_HEADERS
from loadtest.processes.service import Running
from tests.conformance.support.cases import BAD_ANSWERS, NOWHERE, common
from tests.conformance.support.exceptions import PATHLESS, deviates
from tests.conformance.support.fleet import APPLICATIONS, Fleet
from tests.conformance.support.wire import Answer, ask

METHODS = ("GET", "HEAD", "OPTIONS", "POST")
"""The methods that some operation takes; test_methods pins what the others get."""

PROMISED = (
    "Content-Type",
    "Cache-Control",
    "X-Accel-Buffering",
    "Accept-Encoding",
    "Allow",
    "Retry-After",
    "Vary",
    "Location",
)

# test_good_requests and test_bad_requests pin the response to GET byte for byte. test_methods compares HEAD with GET
# and pins the response of every route to OPTIONS and to each method that it forbids.
ROUTES = (
    *("/", "/healthz", "/openapi.json", "/favicon.ico", "/delay/0", "/fanout?n=2&delay=20ms", "/barrier?n=1"),
    "/fetch?delay=0",
    *(
        "/query?delay=0",
        "/file?size=1",
        "/ask/nobody?timeout=10ms",
        "/answer/lunch",
        "/drip?duration=0",
        "/sse?count=0",
    ),
    *("/cpu/20ms", "/blocking/20ms", "/offload/20ms", "/metrics?name=x"),
)
"""One target of each operation, in the order of the table. Each is fast, and its response contains no time."""

ODD = (
    "/drip?duration=0&code=204",
    "/drip?duration=0&code=205",
    "/drip?duration=0&code=304",
    "/drip?duration=0&code=204&delay=nan",
    "/file?size=1%4DiB",
    "/answer/%6cunch",
    "/barrier?n=2&timeout=10ms",
    "HTTP://twins.test/healthz",
    PATHLESS,
    f"{PATHLESS}?x",
    "https://twins.test/healthz",
    "/healthz;a",
    "/fanout?n=1;delay=1",
    "/delay/a\\b",
    "/delay/<x>",
    "/?_=a+b%20c",
)
"""Targets whose responses no other test pins."""

ASKED = {
    "each": (ROUTES, ("GET",)),
    "some by every method": (("/", "/delay/0", "/answer/lunch", "/drip?duration=0"), METHODS),
    "odd": (ODD, METHODS),
    "nowhere": (NOWHERE, ("HEAD", "OPTIONS", "POST")),
}
"""The requested targets with their methods, by what they are."""


def promised(answer: Answer) -> tuple[object, ...]:
    body = common(answer)
    length = answer.headers["Content-Length"] if body == answer.body else None
    return answer.status, body, length, *(answer.headers[name] for name in PROMISED)


class Reference:
    """The responses of the service flask, each requested once and then cached."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._known: dict[tuple[object, ...], tuple[object, ...]] = {}

    def __call__(
        self, target: str, method: str, headers: Mapping[str, str] = NO_HEADERS, body: bytes = b""
    ) -> tuple[object, ...]:
        key = (target, method, tuple(headers.items()), body)
        if key not in self._known:
            self._known[key] = promised(ask(self._fleet("flask").url, target, method, headers, body))
        return self._known[key]


@pytest.fixture(params=[name for name in APPLICATIONS if name != "flask"])
def other(request: pytest.FixtureRequest, fleet: Fleet) -> Running:
    """Return one service of each application in turn that is compared with flask."""
    name: str = request.param
    return fleet(name)


@pytest.fixture(scope="module")
def flask(fleet: Fleet) -> Reference:
    return Reference(fleet)


def test_every_route_is_asked() -> None:
    assert len(ROUTES) == len(OPERATIONS)
    for target, operation in zip(ROUTES, OPERATIONS, strict=True):
        assert re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", operation.path), target.partition("?")[0])


@pytest.mark.parametrize(("targets", "methods"), ASKED.values(), ids=ASKED)
def test_every_application_answers_a_target_alike_by_every_method(
    other: Running, flask: Reference, targets: Sequence[str], methods: Sequence[str]
) -> None:
    for target, method in product(targets, methods):
        if not deviates(other.service.name, target):
            assert promised(ask(other.url, target, method)) == flask(target, method), (method, target)


def test_every_application_refuses_an_answer_alike(other: Running, flask: Reference) -> None:
    for case in BAD_ANSWERS:
        refused = promised(ask(other.url, case.target, "POST", body=case.body))
        assert refused == flask(case.target, "POST", body=case.body), case


HEADERS: tuple[dict[str, str], ...] = (
    {"Accept": "text/html"},
    {"Accept": "text/html;q=0.5, application/json"},
    {"Accept": "application/problem+json"},
    {"Host": "[::1]:8001"},
    {"Host": "<script>"},
    {"Content-Encoding": "gzip"},
    {"Content-Encoding": "identity"},
    {"X": "\xe9"},
    {f"X-{i}": "y" for i in range(90)},
    {"Cookie": "x" * 8000},
    {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.test"},
    {"X-HTTP-Method-Override": "DELETE", "SCRIPT_NAME": "/x", "X-Script-Name": "/x"},
    {"Range": "bytes=0-1"},
    {"If-None-Match": "*", "If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"},
)


def test_every_application_makes_the_same_of_a_header(other: Running, flask: Reference) -> None:
    targets = ("/", "/delay/0", "/fetch?delay=0", "/query?delay=0", "/drip?duration=0", "/nope")
    for headers, target in product(HEADERS, targets):
        if not deviates(other.service.name, headers.get("Host", "")):
            got = promised(ask(other.url, target, headers=headers))
            assert got == flask(target, "GET", headers), (target, headers)


def test_every_application_makes_the_same_of_a_body(other: Running, flask: Reference) -> None:
    targets = ("/delay/0", "/nope", "/answer/equal")
    for size, target, method in product((1, 4096, 4097, 100_000), targets, METHODS):
        body = b"x" * size
        answer = promised(ask(other.url, target, method, body=body))
        assert answer == flask(target, method, body=body), (method, target, size)
