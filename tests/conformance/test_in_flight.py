import json

import pytest

from tests.conformance.support.fleet import LETTING_GO, ONE_PLACE, TOGETHER, Fleet
from tests.conformance.support.wire import Held, ask, at_once, eventually

# Services that take one request at a time are left out: they accept no second request to refuse.
OVERLAPPING = pytest.mark.parametrize("name", TOGETHER)


@OVERLAPPING
def test_requests_too_many_are_told_to_come_again(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    served, *refused = sorted(at_once(url, ["/delay/500ms"] * 5), key=lambda answer: answer.status)
    assert served.status == 200
    for answer in refused:
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert answer.headers["Retry-After"] == "1"
        assert json.loads(answer.body) == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "This process already has as many requests in flight as MAX_IN_FLIGHT allows (1).",
        }
        assert answer.timing.keys() == {"total"}
    assert ask(url, "/delay/0").status == 200


@OVERLAPPING
@pytest.mark.parametrize(
    ("target", "status"), [("/", 200), ("/healthz", 200), ("/openapi.json", 200), ("/delay/nan", 400), ("/nope", 404)]
)
def test_what_waits_for_nothing_takes_no_place(fleet: Fleet, name: str, target: str, status: int) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    first = Held(url, "/delay/100ms")
    assert ask(url, target).status == status
    assert first.answer().status == 200


@pytest.mark.parametrize("name", LETTING_GO)
def test_a_client_that_leaves_gives_its_place_back(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    Held(url, "/delay/10s").leave()
    eventually(lambda: ask(url, "/delay/0").status == 200, within=2)
