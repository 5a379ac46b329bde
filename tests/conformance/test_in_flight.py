import json

import pytest

from loadtest.contenders.selection import chosen
from loadtest.processes.service import running
from tests.conformance.support.fleet import LETTING_GO, LINEUP, ONE_PLACE, TOGETHER, Fleet
from tests.conformance.support.wire import Answer, Held, ask, at_once, elapsed, eventually

# Services that take one request at a time are left out: they accept no second request to refuse.
OVERLAPPING = pytest.mark.parametrize("name", TOGETHER)


@OVERLAPPING
def test_requests_too_many_are_told_to_come_again(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    served, *refused = sorted(at_once(url, ["/delay/500ms"] * 5), key=lambda answer: answer.status)
    assert served.status == 200
    assert all(answer.ended < served.ended for answer in refused)
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


def answers_to_twelve(name: str, settings: str, target: str, monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Send 12 requests at once to one process of a service with these settings, and return the answers as they ended.

    The environment sets another limit, which that of the service's name replaces.
    """
    monkeypatch.setenv("MAX_IN_FLIGHT", "1")
    with running(chosen(f"{name}:workers=1:{settings}", LINEUP)) as service:
        return sorted(at_once(service.url, [target] * 12), key=lambda answer: answer.ended)


@pytest.mark.parametrize("name", ["flask-threads"])
def test_a_limit_of_as_many_requests_as_threads_refuses_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = answers_to_twelve(name, "threads=4:max-in-flight=4", "/delay/200ms", monkeypatch)
    assert [answer.status for answer in answers] == [200] * 12
    began = min(answer.began for answer in answers)
    for number in (1, 2, 3):  # rounds of four
        assert answers[4 * number - 4].ended - began >= number * 0.2
    assert elapsed(answers) < 12 * 0.2


@pytest.mark.parametrize("name", ["flask-threads"])
def test_a_limit_below_the_threads_refuses_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = answers_to_twelve(name, "threads=8:max-in-flight=4", "/delay/500ms", monkeypatch)
    assert [answer.status for answer in answers] == [503] * 8 + [200] * 4
    assert all("MAX_IN_FLIGHT allows (4)" in json.loads(answer.body)["detail"] for answer in answers[:8])
