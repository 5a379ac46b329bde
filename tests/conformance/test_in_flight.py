import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from loadtest.contenders.selection import chosen
from loadtest.processes.service import Running, running
from tests.conformance.support.counted import Counts, left
from tests.conformance.support.fleet import LETTING_GO, LINEUP, ONE_PLACE, TOGETHER, Fleet
from tests.conformance.support.people import fresh, give, told, unanswered
from tests.conformance.support.wire import Answer, Held, ask, at_once
from tests.support.stalls import eventually

# Services that take one request at a time are left out: they accept no second request to refuse.
OVERLAPPING = pytest.mark.parametrize("name", TOGETHER)


def there_is_a_place(url: str) -> bool:
    """Return whether a request that waits is let in."""
    return ask(url, "/delay/0").status == 200


def refused_of(number: int, service: Running, served: int) -> list[Answer]:
    """Send `number` requests at once that wait for an answer, and return the responses of those that are refused.

    Give the answers once only `served` requests are left. Check that these get them, and then leave a place free.
    """
    question = fresh()
    with ThreadPoolExecutor(number) as pool:
        asked = [pool.submit(ask, service.url, f"/ask/{question}?timeout=10s") for _ in range(number)]
        try:
            eventually(lambda: sum(each.done() for each in asked) >= number - served)
            waiting = [each for each in asked if not each.done()]
        finally:
            for _ in range(served):
                give(service.url, question, "soup")
    refused = [each.result() for each in asked if each not in waiting]
    assert len(refused) == number - served
    assert [told(each.result(), question) for each in waiting] == ["soup"] * served
    eventually(lambda: there_is_a_place(service.url))
    return refused


@OVERLAPPING
def test_requests_too_many_are_told_to_come_again(fleet: Fleet, name: str) -> None:
    for answer in refused_of(5, fleet(name, workers=1, environment=ONE_PLACE), served=1):
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert answer.headers["Retry-After"] == "1"
        assert json.loads(answer.body) == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "This process already has as many requests in flight as MAX_IN_FLIGHT allows (1).",
        }
        assert answer.timing.keys() == {"total"}


@OVERLAPPING
@pytest.mark.parametrize(
    ("target", "status"), [("/", 200), ("/healthz", 200), ("/openapi.json", 200), ("/delay/nan", 400), ("/nope", 404)]
)
def test_what_waits_for_nothing_takes_no_place(fleet: Fleet, name: str, target: str, status: int) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    with unanswered(url):
        assert ask(url, target).status == status
    eventually(lambda: there_is_a_place(url))


@pytest.mark.parametrize("name", LETTING_GO)
def test_a_client_that_leaves_gives_its_place_back(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    before = left(url, "delay")
    Held(url, "/delay/10s").leave()
    eventually(lambda: there_is_a_place(url))
    assert left(url, "delay") == before + 1


def limited(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, name: str) -> AbstractContextManager[Running]:
    """Run one process of a service with settings in its name.

    The environment sets another limit, which that of the name replaces.
    """
    monkeypatch.setenv("MAX_IN_FLIGHT", "1")
    return running(chosen(f"{name}:workers=1", LINEUP), fleet.behind())


@pytest.mark.parametrize("name", ["flask-threads"])
def test_a_limit_of_as_many_requests_as_threads_refuses_none(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with limited(fleet, monkeypatch, f"{name}:threads=4:max-in-flight=4") as service:
        answers = sorted(at_once(service.url, ["/delay/200ms"] * 12), key=lambda answer: answer.ended)
        assert Counts(service.url)("http_requests_in_flight_peak") == 4
    assert [answer.status for answer in answers] == [200] * 12
    began = min(answer.began for answer in answers)
    for number in (1, 2, 3):  # rounds of four
        assert answers[4 * number - 4].ended - began >= number * 0.2


@pytest.mark.parametrize("name", ["flask-threads"])
def test_a_limit_below_the_threads_refuses_at_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with limited(fleet, monkeypatch, f"{name}:threads=8:max-in-flight=4") as service:
        refused = refused_of(12, service, served=4)
    assert [answer.status for answer in refused] == [503] * 8
    assert all("MAX_IN_FLIGHT allows (4)" in json.loads(answer.body)["detail"] for answer in refused)
