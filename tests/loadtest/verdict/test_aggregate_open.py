"""Tests of the rows of an open load."""

from math import inf
from typing import Any

import pytest

from loadtest.results.arrivals import Arrived, Forecast
from loadtest.results.schema import Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import arrived, not_run, open_step, results, step

RATE = Open(100, "even")


def row(*steps: Step) -> Row:
    (only,) = rows(results(steps))
    return only


def model(**changes: Any) -> Forecast:
    """Return the forecast of 1,000 arrivals that take 100 ms each."""
    known = Forecast(latency={100.0: 1000}, lost=0, in_flight=10.0, slope=0.0, diverges=False)
    return known.model_copy(update=changes)


def seen(repeat: int = 1, expected: Forecast | None = None, seconds: float = 10.0, **changes: Any) -> Step:
    """Return a repeat with this forecast in which the window's figures, or its arrivals', are changed."""
    known = open_step("flask-threads", RATE, repeat=repeat, seconds=seconds)
    own = {name: changes.pop(name) for name in list(changes) if name in Arrived.model_fields}
    assert known.measured
    assert known.predicted
    window = known.measured.model_copy(update={"arrivals": arrived(RATE, model(), seconds, **own), **changes})
    predicted = known.predicted.model_copy(update={"arrivals": expected or model()})
    return known.model_copy(update={"measured": window, "predicted": predicted})


def test_rows_are_in_the_order_of_their_rates() -> None:
    run = results([open_step("flask", Open(rate)) for rate in (40, 0.5, 8)])
    assert [each.load.amount for each in rows(run)] == [0.5, 8, 40]


def test_percentiles_count_arrivals_that_were_not_served_as_slower_than_all_others() -> None:
    table = row(seen(1, latency={100.0: 500, 200.0: 400}, lost=100), seen(2, latency={100.0: 950}, lost=50))
    assert table.lost == 150
    # of 2,000 arrivals 1,450 took 100 ms, 400 took 200 ms, and 150 have no latency
    found = [table.percentile(rank) for rank in (0.5, 0.725, 0.726, 0.925, 0.926, 0.99)]
    assert found == [100, 100, 200, 200, inf, inf]


def test_a_service_time_is_as_unknown_as_the_latency_of_a_request_that_was_lost() -> None:
    table = row(seen(service_ms={90.0: 500, 80.0: 300}, lost=200))
    assert [table.served_in(rank) for rank in (0.3, 0.5, 0.8, 0.9)] == [80, 90, 90, inf]


def test_predicted_percentiles_are_of_the_arrivals_of_all_repeats_together() -> None:
    quick, slow = model(latency={100.0: 900}, lost=100), model(latency={150.0: 1000})
    table = row(seen(1, quick), seen(2, slow))
    assert [table.foretold(rank) for rank in (0.4, 0.5, 0.95, 0.96)] == [100, 150, 150, inf]


def test_percentiles_need_samples_beyond_them_and_lost_arrivals_are_such_samples() -> None:
    assert row(seen(latency={100.0: 499})).percentile(0.99) is None
    assert row(seen(latency={100.0: 490}, lost=10)).percentile(0.99) == inf
    assert row(seen(latency={100.0: 499})).percentile(0.5) == 100
    assert row(seen(expected=model(latency={100.0: 4}))).foretold(0.5) is None


def test_requests_in_flight_and_the_slope_are_means_weighted_by_the_length_of_the_windows() -> None:
    long, short = model(in_flight=20.0, slope=5.0), model(in_flight=8.0, slope=-1.0)
    table = row(
        seen(1, long, seconds=30.0, in_flight=21.0, slope=6.0), seen(2, short, seconds=10.0, in_flight=9.0, slope=-2.0)
    )
    assert (table.in_flight, table.slope) == (18.0, 4.0)
    assert (table.in_flight_foretold, table.slope_foretold) == (17.0, 3.5)


def test_the_prediction_of_a_row_is_the_mean_of_its_schedules() -> None:
    one, other = (open_step("flask-threads", Open(100), repeat=repeat) for repeat in (1, 2))
    assert one.predicted
    assert other.predicted
    assert one.predicted.throughput != other.predicted.throughput
    table = row(one, other)
    assert table.predicted
    assert table.predicted.throughput == pytest.approx((one.predicted.throughput + other.predicted.throughput) / 2)
    assert table.predicted.arrivals is None
    assert table.forecasts == [one.predicted.arrivals, other.predicted.arrivals]
    assert table.ratio == pytest.approx(1)


def test_a_row_diverges_if_it_is_predicted_to() -> None:
    assert row(open_step("flask", Open(100))).diverges
    assert not row(open_step("flask", Open(40))).diverges
    assert not row(open_step("stranger", Open(100))).diverges


def test_goodput_is_what_was_served_within_the_first_deadline_by_the_second_of_the_schedule() -> None:
    table = row(seen(1, seconds=30.0, good=[600, 900]), seen(2, seconds=10.0, good=[200, 300]))
    assert table.goodput == 20
    assert row(seen(good=[])).goodput is None
    assert row(seen(1, good=[3]), seen(2, good=[])).goodput is None


def test_goodput_of_users_is_by_the_second_of_the_window() -> None:
    closed = step("aiohttp", 10)
    assert closed.measured
    timed = closed.model_copy(update={"measured": closed.measured.model_copy(update={"good": [500], "seconds": 20.0})})
    assert row(timed).goodput == 25


def test_repeats_of_other_schedules_need_not_agree() -> None:
    fewer = seen(2, requests=500)
    assert row(seen(1), fewer).doubts == []


def test_a_row_of_users_has_nothing_of_arrivals() -> None:
    table = row(step("aiohttp", 10))
    assert (table.lost, table.arrived, table.forecasts, table.diverges) == (0, [], [], False)
    assert {table.in_flight, table.in_flight_foretold, table.slope, table.slope_foretold, table.goodput} == {None}
    assert table.foretold(0.5) is None
    assert table.served_in(0.5) is None


def test_an_open_row_that_was_not_run_has_only_its_prediction() -> None:
    skipped = open_step("flask", Open(400), measured=None, bound="not run")
    table = row(skipped)
    assert table.predicted
    assert not table.holds
    assert (table.forecasts, table.arrived, table.lost) == ([], [], 0)
    assert {table.in_flight, table.in_flight_foretold, table.slope_foretold, table.goodput} == {None}
    assert row(not_run("flask", 400)).goodput is None


def test_a_service_of_which_nothing_is_predicted_has_measured_arrivals() -> None:
    table = row(open_step("stranger", Open(100)))
    assert table.foretold(0.5) is None
    assert table.percentile(0.5) == 100
    assert table.in_flight == pytest.approx(10, rel=0.1)
    assert table.in_flight_foretold is None
