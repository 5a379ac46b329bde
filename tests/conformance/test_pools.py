from concurrent.futures import ThreadPoolExecutor

import pytest

from loadtest.processes.service import Running
from tests.conformance.support.counted import Counts
from tests.conformance.support.fleet import APPLICATIONS, LETTING_GO, NOTHING_BEHIND, TOGETHER, WAYS_TO_WAIT, Fleet
from tests.conformance.support.problems import unavailable
from tests.conformance.support.wire import Held, ask, at_once, elapsed, request
from tests.support.stalls import SLACK, TooLate, eventually, within

SMALL = {"POOL_SIZE": "2", "POOL_TIMEOUT": "0.6", "THREADS": "32"}
OVERLAPPING = pytest.mark.parametrize("name", [name for name in WAYS_TO_WAIT if name in TOGETHER])
CALLS = pytest.mark.parametrize("operation", ["query", "fetch"])
POOLED = pytest.mark.parametrize(("operation", "pool"), [("query", "database"), ("fetch", "upstream")])


@pytest.fixture(params=WAYS_TO_WAIT)
def small(request: pytest.FixtureRequest, fleet: Fleet) -> Running:
    """Return a service for each way to wait in turn: one process with two connections per pool."""
    name: str = request.param
    return fleet(name, workers=1, environment=SMALL)


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
@CALLS
@pytest.mark.parametrize("mode", ["idiomatic", "sequential", "concurrent"])
def test_four_calls_take_as_long_as_their_mode_says(fleet: Fleet, name: str, operation: str, mode: str) -> None:
    service = fleet(name)
    in_a_row = mode == "sequential" or (mode == "idiomatic" and service.service.twin == "sync_app")
    answer = ask(service.url, f"/{operation}?n=4&delay=150ms&mode={mode}")
    assert answer.status == 200
    if in_a_row:
        assert answer.timing["wait"] >= 0.6
    else:
        assert answer.timing["wait"] >= 0.15
        within(0.6, answer.timing["wait"])


@CALLS
def test_two_connections_serve_four_calls_of_one_request_in_two_rounds(small: Running, operation: str) -> None:
    answer = ask(small.url, f"/{operation}?n=4&delay=200ms&mode=concurrent")
    assert answer.status == 200
    assert answer.timing["wait"] >= 0.4
    within(0.8, answer.timing["wait"])


@OVERLAPPING
@CALLS
def test_two_connections_serve_four_requests_in_two_rounds(fleet: Fleet, name: str, operation: str) -> None:
    answers = at_once(fleet(name, workers=1, environment=SMALL).url, [f"/{operation}?delay=200ms"] * 4)
    assert [answer.status for answer in answers] == [200] * 4
    assert elapsed(answers) >= 0.4
    within(0.8, elapsed(answers))


@POOLED
def test_a_request_that_finds_no_connection_in_time_is_told_to_come_again(
    small: Running, operation: str, pool: str
) -> None:
    answer = request(small.url, f"/{operation}?n=3&delay=1s&mode=concurrent")
    sentence = f"No connection of this process to the {pool} became free within 0.6 s (pool size: 2)."
    if sentence.encode() not in answer.body:
        raise TooLate(answer.body.decode())  # such as the answer after a stall in which a connection became free
    assert unavailable(answer) == sentence
    assert answer.elapsed >= 0.6
    assert ask(small.url, f"/{operation}?n=2&delay=0&mode=concurrent").status == 200


@OVERLAPPING
@POOLED
def test_what_a_pool_is_doing_is_shown(fleet: Fleet, name: str, operation: str, pool: str) -> None:
    url = fleet(name, workers=1, environment=SMALL).url
    with ThreadPoolExecutor() as threads:
        answers = [threads.submit(ask, url, f"/{operation}?delay=500ms") for _ in range(3)]
        eventually(lambda: shown(url, pool) == [2, 1] or all(answer.done() for answer in answers))
        late = all(answer.done() for answer in answers)
    assert {answer.result().status for answer in answers} == {200}
    if late:
        raise TooLate("the requests had ended")
    assert shown(url, pool) == [0, 0]


def shown(url: str, pool: str) -> list[float]:
    """Return the connections of a pool that are in use, and the requests that wait for one."""
    counts = Counts(url)
    return [counts(name, pool=pool) for name in ("pool_in_use", "pool_waiting")]


@pytest.mark.parametrize("name", LETTING_GO)
@CALLS
def test_a_client_that_leaves_gives_its_connection_back(fleet: Fleet, name: str, operation: str) -> None:
    url = fleet(name, workers=1, environment=SMALL).url
    for _ in range(2):
        Held(url, f"/{operation}?delay=9s").leave()
    assert ask(url, f"/{operation}?n=2&delay=0&mode=concurrent").status == 200


UNSET = (
    ("GET", "/query?delay=0", "DATABASE_URL"),
    ("GET", "/query?n=3&delay=0&mode=concurrent", "DATABASE_URL"),
    ("GET", "/ask/lunch?timeout=0", "DATABASE_URL"),
    ("POST", "/answer/lunch", "DATABASE_URL"),
    ("GET", "/fetch?delay=0", "UPSTREAM_URL"),
    ("GET", "/fetch?n=3&delay=0&mode=concurrent", "UPSTREAM_URL"),
)
"""Requests for something that no variable names, and its variable."""


@pytest.mark.parametrize("name", APPLICATIONS)
def test_what_was_not_configured_is_named(fleet: Fleet, name: str) -> None:
    service = fleet(name, workers=1, environment=NOTHING_BEHIND)
    for method, target, variable in UNSET:
        answer = ask(service.url, target, method, body=b"soup" if method == "POST" else b"")
        sentence = f"The service was started without {variable}, which this endpoint needs."
        assert unavailable(answer, again_after=60) == sentence, target
        assert answer.elapsed < SLACK, target
        assert ask(service.url, "/drip?duration=0").status == 200, target
