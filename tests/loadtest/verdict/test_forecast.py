from collections.abc import Sequence
from itertools import chain, count
from statistics import mean

import pytest

from loadtest.results.arrivals import Forecast
from loadtest.verdict.forecast import forecast
from loadtest.workload.demand import ADMISSION, Demand, Limit
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import slots

STARTS = (0.1, 0.2, 0.6, 0.7)
"""The intended starts before 1.5 s. With one slot, held for 250 ms, the requests leave at 0.35, 0.6, 0.85 and 1.1 s."""

ONE = Demand(0.25, slots(1, 0.25))


def seen(
    demand: Demand = ONE, patience: float = 10.0, starts: Sequence[float] = STARTS, shares: Sequence[int] = (1,)
) -> tuple[Forecast, float]:
    """Return the forecast of a window from 0.5 to 1.5 s."""
    schedule = chain(starts, count(1.5, 0.5))  # an arrival at the end is the next window's
    return forecast(schedule, Open(2, patience=patience), demand, (0.5, 1.0), shares)


def test_a_forecast_is_of_the_arrivals_in_the_window_and_of_the_queue_that_they_find() -> None:
    found, throughput = seen()
    assert found.latency == {250.0: 1, 400.0: 1}
    assert found.lost == 0
    assert found.in_flight == pytest.approx(0.1 + 0.25 + 0.4)  # the second one is there until 0.6
    assert found.slope == -1  # it was in flight at the beginning, and nothing at the end
    assert throughput == 3  # answers that come in the window


def test_a_request_that_takes_longer_than_the_patience_is_lost_and_no_answer() -> None:
    found, throughput = seen(patience=0.3)
    assert found.latency == {250.0: 1}
    assert found.lost == 1
    assert found.in_flight == pytest.approx(0.25 + 0.3)  # nobody waits any longer
    assert found.slope == 0
    assert throughput == 1


def test_a_request_that_is_refused_is_lost_at_once() -> None:
    found, throughput = seen(Demand(0.25, slots(9, 0.25), admission=Limit(ADMISSION, 1, 0.25)))
    assert found.latency == {250.0: 1}
    assert found.lost == 1
    assert found.in_flight == pytest.approx(0.25)
    assert throughput == 1


def test_a_backlog_grows_by_what_arrives_and_is_not_served() -> None:
    load = Open(40, "even")
    found, throughput = forecast(load.schedule(1), load, Demand(0.2, slots(5, 0.2)), (1.0, 10.0))
    assert found.diverges
    assert found.slope == pytest.approx(40 - 25, abs=0.5)
    assert throughput == pytest.approx(25, abs=0.5)
    assert found.lost == 0  # after 11 s the queue is 6.6 s long


@pytest.mark.parametrize(("rate", "diverges"), [(3.9, False), (4.0, True)])
def test_a_forecast_says_whether_the_backlog_grows_without_end(rate: float, diverges: bool) -> None:
    load = Open(rate)
    found, _ = forecast(load.schedule(1), load, ONE, (0.5, 2.0))
    assert found.diverges == diverges


def test_a_window_without_arrivals_has_a_forecast() -> None:
    found, throughput = seen(starts=())
    assert (found.latency, found.lost, found.in_flight, found.slope, throughput) == ({}, 0, 0, 0, 0)


TWO = Demand(0.25, slots(2, 0.25))


def test_where_one_process_gets_all_requests_it_has_its_own_slots_alone() -> None:
    assert seen(TWO, shares=(4, 0)) == seen(ONE)
    assert seen(TWO)[0].latency == {250.0: 2}


def latency(shares: Sequence[int]) -> float:
    """Return the mean latency on a service with 20 slots that is used to 80 %."""
    load = Open(64)
    found, _ = forecast(load.schedule(1), load, Demand(0.25, slots(20, 0.25)), (0.5, 60.0), shares)
    return mean(value for value, number in found.latency.items() for _ in range(number))


def test_requests_that_are_tied_to_processes_queue_in_one_while_another_has_free_slots() -> None:
    together, halves, unlike = latency((1,)), latency((50, 50)), latency((60, 40))
    assert 250 < together < halves < unlike
    assert latency((50, 50)) == halves  # drawn with a seed
