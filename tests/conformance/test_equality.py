import pytest

from tests.conformance.cases import BAD, BAD_ANSWERS, GOOD, NOWHERE, BadAnswer
from tests.conformance.fleet import NAMES, Fleet
from tests.conformance.wire import Answer, ask

PROMISED = ("Content-Type", "Content-Length", "Allow", "Retry-After", "Vary", "Location")

TARGETS = (
    *(case.target for case in GOOD),
    *(case.target for case in BAD),
    *NOWHERE,
    "/ask/nobody?timeout=10ms",
    "/drip?duration=0&code=204",
    "/drip?duration=0&code=205",
    "/drip?duration=0&code=304",
    "/drip?duration=0&code=204&delay=nan",
    "/file?size=1%4DiB",
    "/answer/%6cunch",
    "/barrier?n=2&timeout=10ms",
    "HTTP://twins.test/healthz",
    "https://twins.test/healthz",
    "/healthz;a",
    "/fanout?n=1;delay=1",
    "/delay/a\\b",
    "/delay/<x>",
    "/?_=a+b%20c",
)
# Werkzeug leaves leading slashes out where it looks for a route, so that only GET and HEAD see that it is another path.
LOOSE = ("//delay/1", "//healthz", "//")


def promised(answer: Answer) -> tuple[object, ...]:
    return answer.status, answer.body, *(answer.headers[name] for name in PROMISED)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:40])
def test_every_service_answers_a_target_alike_by_every_method(fleet: Fleet, target: str) -> None:
    methods = ("GET", "HEAD") if target in LOOSE else ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
    flask, *others = ({method: promised(ask(fleet(name).url, target, method)) for method in methods} for name in NAMES)
    for other in others:
        assert other == flask


@pytest.mark.parametrize("case", BAD_ANSWERS, ids=lambda case: f"{case.target[:40]} {case.body[:10]}")
def test_every_service_refuses_an_answer_alike(fleet: Fleet, case: BadAnswer) -> None:
    flask, *others = (promised(ask(fleet(name).url, case.target, "POST", body=case.body)) for name in NAMES)
    for other in others:
        assert other == flask


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/html"},
        {"Accept": "text/html;q=0.5, application/json"},
        {"Accept": "application/problem+json"},
        {"Host": "[::1]:8001"},
        {"Host": "<script>"},
        {"Content-Encoding": "gzip"},
        {"X": "\xe9"},
        {f"X-{i}": "y" for i in range(90)},
        {"Cookie": "x" * 8000},
        {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.test"},
        {"X-HTTP-Method-Override": "DELETE", "SCRIPT_NAME": "/x", "X-Script-Name": "/x"},
        {"Range": "bytes=0-1"},
        {"If-None-Match": "*", "If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"},
    ],
    ids=lambda headers: ",".join(headers)[:40],
)
@pytest.mark.parametrize("target", ["/", "/delay/0", "/fetch?delay=0", "/query?delay=0", "/drip?duration=0", "/nope"])
def test_every_service_makes_the_same_of_a_header(fleet: Fleet, target: str, headers: dict[str, str]) -> None:
    flask, *others = (promised(ask(fleet(name).url, target, headers=headers)) for name in NAMES)
    for other in others:
        assert other == flask


@pytest.mark.parametrize("target", ["/delay/0", "/nope", "/answer/equal"])
@pytest.mark.parametrize("size", [1, 4096, 4097, 100_000])
def test_every_service_makes_the_same_of_a_body(fleet: Fleet, target: str, size: int) -> None:
    flask, *others = (
        {
            method: promised(ask(fleet(name).url, target, method, body=b"x" * size))
            for method in ("GET", "HEAD", "OPTIONS", "POST")
        }
        for name in NAMES
    )
    for other in others:
        assert other == flask
