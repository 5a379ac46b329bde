"""The parts of a response time: they add up to it, and unreported times yield no parts."""

import pytest

from loadtest.results.exchange import Exchange
from loadtest.verdict.time_spent import Divider, Parts, Times, names
from tests.loadtest.support.fabricated import WAIT, contender, options

TELLS = "app; pid=1; lane=loop"

LONG = Times(response=0.5, waited=0.4, served=0.42, received=0.0)
"""The times of a request that waited four times as long as its scenario."""

NO_POOL, POOL = Parts(0.08, 0.4, 0.02), Parts(0.38, 0.1, 0.02)


def divider(service: str, scenario: str = "delay") -> Divider:
    return Divider(contender(service, scenario), options(scenario=scenario))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (Times(0.5, 0.1, 0.12, 0.0), Parts(0.38, 0.1, 0.02)),
        (Times(0.5, 0.1, 0.12, 0.2), Parts(0.18, 0.3, 0.02)),  # the wait of a stream ends with its last byte
        (Times(0.5, 0.0, 0.12, 0.0), Parts(0.38, 0.0, 0.12)),
        (Times(0.5, 0.5, 0.5, 0.0), Parts(0.0, 0.5, 0.0)),
        (Times(0.5, 0.51, 0.52, 0.0), Parts(0.0, 0.51, 0.01)),  # clocks differ: no part is negative
        (Times(0.5, 0.13, 0.12, 0.0), Parts(0.38, 0.13, 0.0)),
        (Times(0.0, 0.0, 0.0, 0.0), Parts(0.0, 0.0, 0.0)),
    ],
)
def test_a_request_queues_for_as_long_as_its_service_does_not_know_of_it(times: Times, expected: Parts) -> None:
    assert divider("flask").parts(times) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("service", "scenario", "expected"),
    [
        *((name, "query", POOL) for name in ("flask", "flask-threads", "flask-gevent", "aiohttp")),
        ("flask-threads", "fetch", POOL),
        ("aiohttp", "fetch", POOL),
        ("aiohttp", "offload", POOL),  # the queue for a thread
        ("flask-threads", "offload", NO_POOL),  # the request already has its thread
        *((name, "delay", NO_POOL) for name in ("flask", "flask-threads", "aiohttp")),
        ("aiohttp", "blocking", NO_POOL),
        ("aiohttp", "ask", NO_POOL),  # the wait for a person is unknown
        ("aiohttp", "file", NO_POOL),
        ("aiohttp", "mixed", NO_POOL),  # the wait differs by request
        ("flask-threads", "mixed", NO_POOL),
        ("stranger", "query", NO_POOL),
    ],
)
def test_what_was_waited_beyond_the_scenario_was_spent_queueing_for_a_pool_if_there_is_one(
    service: str, scenario: str, expected: Parts
) -> None:
    assert divider(service, scenario).parts(LONG) == pytest.approx(expected)


@pytest.mark.parametrize("waited", [0.0, WAIT / 2, WAIT])
def test_a_request_that_waited_no_longer_than_its_scenario_queued_for_no_pool(waited: float) -> None:
    found = divider("aiohttp", "query").parts(Times(0.5, waited, waited, 0.0))
    assert (found.worker, found.wait) == pytest.approx((0.5 - waited, waited))


@pytest.mark.parametrize("service", ["flask", "flask-threads", "aiohttp"])
def test_what_computes_works_and_does_not_wait(service: str) -> None:
    found = divider(service, "cpu").parts(Times(0.5, 0.1, 0.12, 0.001))
    assert found == pytest.approx(Parts(0.379, 0.0, 0.121))


def test_the_share_is_of_the_time_that_passes_before_a_worker_is_free() -> None:
    parts = Parts(0.75, 0.125, 0.125)
    assert (parts.total, parts.queued) == (1.0, 0.75)
    assert Parts(0.0, 0.0, 0.0).queued == 0.0


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (Exchange(1.0, 1.5, 1.5, 200, TELLS, 0.4, 0.42), POOL),
        (Exchange(1.0, 1.5, 1.5, 503, TELLS, 0.4, 0.42), POOL),  # a refused request may have waited too
        (Exchange(1.0), None),
        (Exchange(1.0, 1.5), None),
        (Exchange(1.0, 1.5, None, 200, TELLS, 0.4, 0.42), None),
        (Exchange(1.0, 1.5, 1.5, 200), None),
        (Exchange(1.0, None, 1.5, 0, TELLS, 0.4, 0.42), None),
    ],
    ids=["told", "refused", "unanswered", "headers alone", "no end", "nothing told", "no headers"],
)
def test_a_request_has_parts_once_it_is_over_and_told_of(exchange: Exchange, expected: Parts | None) -> None:
    found = divider("aiohttp", "query").of(exchange)
    assert found == (expected and pytest.approx(expected))


def test_each_part_is_named_by_what_the_requests_of_the_scenario_wait_for() -> None:
    for scenario, worker, wait in (
        ("delay", "waiting for a worker", "waiting for a timer"),
        ("query", "waiting for a worker or a connection", "waiting for a database"),
        ("fetch", "waiting for a worker or a connection", "waiting for a slow HTTP service"),
        ("ask", "waiting for a worker", "waiting for a person"),
        ("blocking", "waiting for a worker", "waiting for a blocking call"),
        ("mixed", "waiting for a worker", "waiting for slow I/O"),
        ("own", "waiting for a worker", "waiting for slow I/O"),
    ):
        assert names(scenario) == {"worker": worker, "wait": wait, "work": "working"}, scenario
