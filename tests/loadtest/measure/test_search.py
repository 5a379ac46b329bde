"""Tests of the search for a capacity: its rules by outcomes that are laid down, and simulated services as a whole."""

from functools import cache
from itertools import pairwise
from math import sqrt

import pytest

from loadtest.bench import search as bench
from loadtest.measure.search import BUDGET, MOST_WINDOWS, PROBES, ROUNDED, WIDTH, Search, window
from loadtest.verdict.objectives import Outcome
from loadtest.workload.margins import Model

P, F, U = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED


def searched(search: Search, capacity: float, unclear: float = 1.0, seconds: float = 1.0) -> list[float]:
    """Run a search, and return the rates of its windows.

    Rates that differ from the capacity by less than the factor `unclear` stay undecided.
    """
    rates = list[float]()
    while (rate := search.next()) is not None:
        rates.append(rate)
        clear = max(rate / capacity, capacity / rate) >= unclear
        search.add(rate, {rate: (P if rate <= capacity else F) if clear else U}, seconds)
        assert len(rates) <= PROBES * MOST_WINDOWS
    return rates


@pytest.mark.parametrize("capacity", [96.0, 100.0, 104.0])
def test_two_windows_do_if_the_prediction_is_right(capacity: float) -> None:
    search = Search(100.0, 1000.0)
    above, below = searched(search, capacity)
    assert (above, below) == pytest.approx((104.9, 95.37), abs=0.1)
    assert search.found.resolved
    assert (search.found.passed, search.found.failed) == (below, above)


@pytest.mark.parametrize("start", [20.0, 60.0, 90.0, 110.0, 160.0, 450.0])
@pytest.mark.parametrize("unclear", [1.0, 1.02, 1.04])
def test_a_wrong_prediction_costs_windows_and_not_the_result(start: float, unclear: float) -> None:
    search = Search(start, 10_000.0)
    rates = searched(search, 100.0, unclear)
    found = search.found
    assert len(set(rates)) <= PROBES
    assert found.passed is not None
    assert found.failed is not None
    assert found.passed <= 100.0 < found.failed
    if found.resolved:
        assert found.failed / found.passed <= WIDTH * ROUNDED
        assert sqrt(found.failed * found.passed) == pytest.approx(100.0, rel=0.05)


def test_steps_outward_grow() -> None:
    search = Search(10.0, 10_000.0)
    searched(search, 100.0)
    up = [rate for rate in search.rates if rate <= 100.0]
    factors = [after / before for before, after in pairwise(up)]
    assert factors[:3] == pytest.approx([1.1, 1.21, 1.46], abs=0.01)


def test_without_a_prediction_rates_double() -> None:
    search = Search(None, 10_000.0, first=10.0)
    rates = searched(search, 100.0)
    assert rates[:5] == [10.0, 20.0, 40.0, 80.0, 160.0]
    assert search.found.resolved
    assert (search.found.passed or 0.0) <= 100.0 < (search.found.failed or 0.0)


def test_without_a_prediction_a_first_rate_that_fails_is_halved() -> None:
    search = Search(None, 10_000.0, first=1000.0)
    assert searched(search, 100.0)[:5] == [1000.0, 500.0, 250.0, 125.0, 62.5]
    assert (search.found.passed or 0.0) <= 100.0 < (search.found.failed or 0.0)


def test_an_undecided_rate_is_no_bound_and_has_at_most_four_windows() -> None:
    search = Search(100.0, 1000.0, budget=10_000.0)
    rates = searched(search, 100.0, unclear=1.08)
    found = search.found
    assert not found.resolved
    assert found.passed is not None
    assert found.failed is not None
    assert found.passed <= 100 / 1.08
    assert found.failed >= 100 * 1.08
    assert max(rates.count(rate) for rate in rates) <= MOST_WINDOWS


def test_a_search_whose_rates_near_the_capacity_stay_undecided_says_which() -> None:
    search = Search(100.0, 1000.0, budget=10_000.0)
    for rate, outcome in ((94.0, P), (107.0, F)):
        search.add(rate, {rate: outcome}, 1.0)
    rates = searched(search, 100.0, unclear=1.055)
    assert {rate: rates.count(rate) for rate in rates} == dict.fromkeys((97.1, 100.3, 103.6), MOST_WINDOWS)
    assert search.found.reason == "97.1, 100.3 and 103.6 arrivals/s stayed undecided after 4 windows"


def test_a_search_in_which_nothing_is_decided_has_no_bounds() -> None:
    search = Search(100.0, 1000.0, budget=10_000.0)
    rates = searched(search, 100.0, unclear=1e9)
    assert len(set(rates)) == PROBES
    assert (search.found.passed, search.found.failed) == (None, None)
    assert search.found.reason == "8 rates were tried"


def test_inconclusive_windows_say_nothing_of_their_rate() -> None:
    search = Search(100.0, 1000.0)
    first = search.next()
    assert first is not None
    search.add(first, {}, 20.0)
    assert (search.found.passed, search.found.failed) == (None, None)
    assert search.spent == 20.0
    assert search.rates == [first]


def test_a_rate_may_be_decided_by_windows_at_others() -> None:
    search = Search(100.0, 1000.0)
    search.add(105.0, {105.0: U}, 1.0)
    search.add(96.0, {96.0: U}, 1.0)
    assert search.next() is not None
    search.add(115.0, {96.0: P, 105.0: F, 115.0: F}, 1.0)
    assert search.next() is None
    assert (search.found.passed, search.found.failed) == (96.0, 105.0)


def test_a_bound_that_later_windows_put_in_doubt_is_none() -> None:
    search = Search(100.0, 1000.0)
    search.add(105.0, {105.0: F}, 1.0)
    assert search.found.failed == 105.0
    search.add(95.0, {95.0: P, 105.0: U}, 1.0)
    assert search.found.failed is None


def test_a_rate_that_passed_above_one_that_failed_is_told() -> None:
    search = Search(100.0, 1000.0)
    search.add(105.0, {105.0: P}, 1.0)
    search.add(95.0, {95.0: F}, 1.0)
    search.add(90.0, {90.0: P}, 1.0)
    assert (search.found.passed, search.found.failed) == (90.0, 95.0)
    assert not search.found.resolved
    assert search.found.reason.endswith("105 arrivals/s passed although 95 failed")


def test_the_search_ends_if_another_window_would_exceed_its_time() -> None:
    search = Search(100.0, 10_000.0)
    rates = searched(search, 1000.0, seconds=window(100.0) + 4.0)
    assert search.spent <= BUDGET
    assert len(rates) < PROBES
    assert not search.found.resolved
    assert search.found.reason == "another window would take longer than the 180 s of a search"


def test_a_service_that_carries_all_that_can_be_offered_has_no_upper_bound() -> None:
    search = Search(100.0, 150.0)
    searched(search, 1000.0)
    assert (search.found.passed, search.found.failed) == (150.0, None)
    assert search.found.reason == "no more than 150 arrivals/s can be offered"


@pytest.mark.parametrize(
    ("rate", "deadline", "seconds"), [(13.0, 0.5, 20.0), (250.0, 0.5, 12.0), (3000.0, 0.5, 10.0), (3000.0, 2.0, 20.0)]
)
def test_a_window_lasts_until_enough_arrive_and_a_growing_queue_shows(
    rate: float, deadline: float, seconds: float
) -> None:
    assert window(rate, deadline) == seconds


@cache
def known(slots: int) -> tuple[Model, float | None]:
    model = bench.model(slots, 20_000)
    return model, model.capacity(bench.OBJECTIVE.allowed)


SHORT, EXACT = 100_000, 1.02
"""Arrivals from which the tests find a capacity, and the factor to which these tell it."""


# make bench ARGS=search runs 200 searches for each number of slots, against capacities from long simulations.
@pytest.mark.parametrize(("slots", "speed"), [(5, 1.0), (5, 1.05), (64, 0.95)])
def test_the_range_that_is_found_contains_the_capacity_of_a_simulated_service(slots: int, speed: float) -> None:
    service = bench.Simulated(slots, speed)
    capacity = service.capacity(SHORT)
    result = bench.search(service, *known(slots), seed=1)
    found = result.found
    assert found.passed is not None
    assert found.failed is not None
    assert found.passed <= capacity * EXACT
    assert found.failed >= capacity / EXACT
    assert sqrt(found.passed * found.failed) == pytest.approx(capacity, rel=0.08)
    assert result.seconds <= BUDGET
    assert len(result.outcomes) <= PROBES
