from dataclasses import replace
from typing import Any

import pytest

from loadtest.results.arrivals import Arrived
from loadtest.results.schema import Measured, Predicted
from loadtest.verdict.arrivals import doubts, mean_latency
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import contender, open_step, predicted

RATE = Open(100, "even")

SERVICE = contender("flask-threads")

CLEAN = open_step("flask-threads", RATE)
"""1,000 arrivals in ten seconds, each of which takes its wait of 100 ms."""

BEYOND = open_step("flask", Open(100, "even"))
"""The same on a service with five slots, which carries half of them."""


def window(base: Measured | None = CLEAN.measured, **changes: Any) -> Measured:
    """Return the window, with some of its figures or of its arrivals' changed."""
    assert base
    assert base.arrivals
    own = {name: changes.pop(name) for name in list(changes) if name in Arrived.model_fields}
    return base.model_copy(update={**changes, "arrivals": base.arrivals.model_copy(update=own)})


def doubted(measured: Measured, model: Predicted | None = CLEAN.predicted) -> list[str]:
    assert measured.arrivals
    return doubts(RATE, model, measured, measured.arrivals, SERVICE.demand if model else None)


def test_a_window_as_predicted_has_no_doubts() -> None:
    assert doubted(window()) == []
    assert doubted(window(BEYOND.measured), BEYOND.predicted) == []


RESENT = "requests were sent again {} times, because the service closed the connection unanswered"


@pytest.mark.parametrize(
    ("measured", "doubt"),
    [
        (window(offered=9), "only 9 arrivals came in the window (10 needed)"),
        (window(offered=1), "only 1 arrival came in the window (10 needed)"),
        (
            window(late_ms={0.3: 989, 5.01: 11}),
            "the load generator sent 1.1% of the requests over 5 ms late by its own fault",
        ),
        (window(early=1), "1 request started before the intended time"),
        (window(early=2), "2 requests started before the intended time"),
        (window(errors={"status 500 instead of 200": 6, "timed out": 5}), "11 of 1000 requests failed"),
        (window(resent=11), RESENT.format(11)),
        (
            window(in_flight=12.0),
            "on average 12.0 requests instead of 10.0 were in flight (Little's law, tolerance 0.7)",
        ),
        (window(latency={99.0: 1, 100.0: 999}), "a request took 99 ms, less than its wait"),
        (window(lost=11), "11 of 1000 arrivals were not served, 0 by the prediction"),
        (
            window(latency={150.0: 1000}),
            "latency is 150 ms on average, 100 ms by the prediction, and nothing explains it",
        ),
    ],
)
def test_each_doubt_is_one_sentence(measured: Measured, doubt: str) -> None:
    assert doubted(measured) == [doubt]


@pytest.mark.parametrize(
    "measured",
    [
        window(offered=10),
        window(late_ms={0.3: 990, 5.01: 10}),
        window(late_ms={5.0: 1000}),
        window(waited=1000),  # nobody was free: that is the service's
        window(errors={"status 500 instead of 200": 10}),
        window(errors={"status 503 instead of 200": 400, "gave up: no answer within the patience": 500}),
        window(resent=10),
        window(resent=None),
        window(in_flight=10.6),
        window(latency={99.5: 1000}),
        window(lost=10),
        window(latency={149.0: 1000}),
        window(latency={}),
    ],
)
def test_what_is_within_a_bound_is_no_doubt(measured: Measured) -> None:
    assert doubted(measured) == []


def test_latencies_so_long_that_some_milliseconds_do_not_matter_allow_the_generator_more() -> None:
    late: dict[str, Any] = {"late_ms": {15.0: 1000}}
    assert "over 5 ms late" in "; ".join(doubted(window(**late)))
    slow = window(BEYOND.measured, spent_ms=1000 * 2000.0, in_flight=200.0, **late)  # 2 s on average: 20 ms are 1 %
    assert doubted(slow, BEYOND.predicted) == []
    later = window(BEYOND.measured, spent_ms=1000 * 1000.0, in_flight=100.0, **late)
    assert "over 10 ms late" in "; ".join(doubted(later, BEYOND.predicted))


@pytest.mark.parametrize(("milliseconds", "number"), [(14.9, 0), (15.0, 1)])
def test_a_short_latency_may_be_longer_than_predicted_by_some_milliseconds(milliseconds: float, number: int) -> None:
    assert CLEAN.predicted
    assert CLEAN.predicted.arrivals
    quick = CLEAN.predicted.arrivals.model_copy(update={"latency": {5.0: 1000}})
    model = CLEAN.predicted.model_copy(update={"arrivals": quick})
    assert SERVICE.demand
    measured = window(latency={milliseconds: 1000})
    assert measured.arrivals
    demand = replace(SERVICE.demand, wait=0.005)
    assert len(doubts(RATE, model, measured, measured.arrivals, demand)) == number


def test_the_doubts_stand_one_after_the_other() -> None:
    assert len(doubted(window(early=1, resent=11, lost=11, latency={99.0: 1, 200.0: 900}))) == 4


def test_a_backlog_that_grows_as_predicted_breaks_no_law_and_needs_no_explanation() -> None:
    assert BEYOND.predicted
    assert BEYOND.predicted.arrivals
    assert BEYOND.predicted.arrivals.diverges
    strange = window(BEYOND.measured, lost=900, in_flight=1.0, latency={9000.0: 100})
    assert doubted(strange, BEYOND.predicted) == []


def test_little_is_held_against_a_target_that_answers_everything() -> None:
    assert doubted(window(in_flight=12.0), None) != []
    assert doubted(window(in_flight=12.0, lost=1), None) == []
    assert doubted(window(lost=900), None) == []  # nothing is predicted of it
    assert doubted(window(latency={1.0: 1000}), None) == []


def test_a_prediction_without_the_arrivals_says_nothing_of_them() -> None:
    assert doubted(window(lost=900, latency={200.0: 100}), predicted(1)) == []
    assert doubted(window(latency={2.0: 10, 200.0: 990}), predicted(1)) == []  # as in a mix, whose requests differ


@pytest.mark.parametrize(("latency", "mean"), [({100.0: 3, 200.0: 1}, 125.0), ({}, None)])
def test_a_mean_is_that_of_all_requests(latency: dict[float, int], mean: float | None) -> None:
    assert mean_latency(latency) == mean
