from dataclasses import replace
from itertools import islice, pairwise, takewhile
from math import inf
from statistics import mean, pstdev
from typing import Any, Literal

import pytest

from loadtest.workload.demand import ADMISSION, ARRIVALS, BLOCKED, CPU, SLOTS, Demand, Limit, Prediction
from loadtest.workload.open import MOST, Open
from loadtest.workload.share import Share
from tests.loadtest.support.fabricated import slots

FIVE = Demand(0.2, slots(5, 0.2))
"""The demand of a request that holds one of five slots for 200 ms: 25 per second at most."""

POOLED = Demand(0.2, (*slots(64, 0.2), Limit("database pool", 4, 0.2)))


def first(load: Open, number: int, repeat: int = 1) -> list[float]:
    return list(islice(load.schedule(repeat), number))


@pytest.mark.parametrize(
    ("load", "repeat", "starts"),
    [
        (Open(100), 1, [0.0022374827, 0.0059390715, 0.0078243748, 0.0166942463]),
        (Open(100), 2, [0.0113665125, 0.0377996994, 0.0423764913, 0.0501154017]),
        (Open(100, seed=2), 1, [0.0192766693, 0.0369295507, 0.0600240542, 0.1025117249]),
        (Open(50), 1, [0.0159941592, 0.0319003760, 0.0880153980, 0.0993004552]),
    ],
)
def test_the_seed_the_rate_and_the_repeat_make_a_schedule(load: Open, repeat: int, starts: list[float]) -> None:
    assert first(load, 4, repeat) == pytest.approx(starts, abs=1e-9)


def test_nothing_else_changes_a_schedule() -> None:
    known = first(Open(100), 1000)
    for load in (Open(100), Open(100.0), Open(100, patience=1.0), Open(100, clients=7)):
        assert first(load, 1000) == known


def test_schedules_of_other_rates_are_not_the_same_one_at_another_speed() -> None:
    assert first(Open(50), 4) != pytest.approx([2 * start for start in first(Open(100), 4)], rel=0.01)


@pytest.mark.parametrize("arrivals", ["even", "poisson"])
def test_the_generators_of_a_load_share_its_schedule(arrivals: Literal["even", "poisson"]) -> None:
    load, end = Open(100, arrivals), 50.0
    parts = [[*takewhile(lambda start: start < end, load.schedule(2, Share(place, 3)))] for place in range(3)]
    assert sorted(start for part in parts for start in part) == [*load.until(end, 2)]
    assert all(abs(len(part) - 100 * end / 3) < 150 for part in parts)


def test_each_share_of_poisson_arrivals_is_a_poisson_stream() -> None:
    starts = [*islice(Open(100).schedule(1, Share(1, 2)), 20_000)]
    gaps = [later - earlier for earlier, later in pairwise([0.0, *starts])]
    assert mean(gaps) == pytest.approx(2 / 100, rel=0.03)
    assert pstdev(gaps) == pytest.approx(mean(gaps), rel=0.03)  # every second arrival would be more regular


def test_even_arrivals_are_interleaved_in_the_order_of_the_generators() -> None:
    assert [*islice(Open(100, "even").schedule(1, Share(2, 4)), 3)] == [0.02, 0.06, 0.1]


@pytest.mark.parametrize("rate", [0.1, 8.0, 100.0, 20_000.0])
def test_poisson_arrivals_come_at_the_rate_with_intervals_as_different_as_they_are_long(rate: float) -> None:
    starts = first(Open(rate), 20_000)
    gaps = [later - earlier for earlier, later in pairwise([0.0, *starts])]
    assert min(gaps) > 0
    assert mean(gaps) == pytest.approx(1 / rate, rel=0.02)
    assert pstdev(gaps) == pytest.approx(mean(gaps), rel=0.03)  # as those of an exponential distribution
    squares = mean((gaps[place] - 1 / rate) * (gaps[place - 1] - 1 / rate) for place in range(1, len(gaps)))
    assert abs(squares) * rate**2 < 0.03  # one interval says nothing of the next


@pytest.mark.parametrize("rate", [3.0, 100.0])
def test_even_arrivals_come_at_equal_intervals_whatever_the_seed_and_the_repeat(rate: float) -> None:
    starts = first(Open(rate, "even"), 10_000)
    assert starts == [number / rate for number in range(10_000)]  # no sum whose rounding grows
    assert first(Open(rate, "even", seed=9), 100, repeat=3) == starts[:100]


def test_as_many_even_arrivals_come_in_a_second_as_the_rate_says() -> None:
    assert len(list(takewhile(lambda start: start < 7.0, Open(100, "even").schedule(1)))) == 700


@pytest.mark.parametrize(
    ("rate", "demand", "prediction"),
    [
        (1000, Demand(0.2), Prediction(1000, 0.2, ARRIVALS)),
        (24.9, FIVE, Prediction(24.9, 0.2, ARRIVALS)),
        (25, FIVE, Prediction(25, 10.0, SLOTS)),
        (100, FIVE, Prediction(25, 10.0, SLOTS)),
        (19, POOLED, Prediction(19, 0.2, ARRIVALS)),
        (30, POOLED, Prediction(20, 10.0, "database pool")),
        (30, replace(FIVE, blocked=True), Prediction(0.0, 10.0, BLOCKED)),
        (1, replace(FIVE, blocked=True), Prediction(0.0, 10.0, BLOCKED)),
    ],
)
def test_a_service_carries_the_rate_or_what_its_tightest_limit_lets_through(
    rate: float, demand: Demand, prediction: Prediction
) -> None:
    load = Open(rate)
    assert load.predict(demand) == prediction
    assert load.predict(demand).saturated == load.saturates(demand) == (prediction.bound != ARRIVALS)


def test_a_request_that_queues_for_nothing_takes_its_wait_its_work_and_its_transit() -> None:
    calibrated = Demand(0.2, (Limit(CPU, 1, 0.01),), late=0.003, transit=0.002, beside=0.001, calibrated=True)
    assert Open(50).predict(calibrated).response == pytest.approx(0.215)
    assert Open(99).predict(calibrated).bound == ARRIVALS
    assert Open(100).predict(calibrated).bound == CPU


def full(admitted: int | None, of_slots: int | None = 96, cpu: float = 0.001) -> Demand:
    """Return the demand of a request that waits 250 ms on a service that admits `admitted` requests at once."""
    admission = None if admitted is None else Limit(ADMISSION, admitted, 0.25)
    return Demand(0.25, (*slots(of_slots, 0.25), Limit(CPU, 1, cpu)), admission=admission)


@pytest.mark.parametrize(
    ("demand", "throughput", "response", "bound", "diverges"),
    [
        (full(None), 384, 10.0, SLOTS, True),
        (full(32), 128, 0.251, ADMISSION, False),
        (full(95), 380, 0.251, ADMISSION, False),
        (full(96), 384, 10.0, SLOTS, True),  # requests queue for a slot, and nobody is free to refuse them
        (full(200), 384, 10.0, SLOTS, True),
        (full(32, of_slots=None), 128, 0.251, ADMISSION, False),
        (full(32, cpu=0.01), 100, 0.26, CPU, True),  # refusing takes CPU time too
        (full(32, cpu=0.0022), 128, 0.2522, ADMISSION, True),
    ],
)
def test_a_service_that_refuses_requests_has_no_backlog_unless_they_queue_for_something_before(
    demand: Demand, throughput: float, response: float, bound: str, diverges: bool
) -> None:
    load = Open(500)
    assert load.predict(demand).throughput == pytest.approx(throughput)
    assert load.predict(demand).response == pytest.approx(response)
    assert load.predict(demand).bound == bound
    assert load.diverges(demand) == load.saturates(demand) == diverges


@pytest.mark.parametrize("demand", [full(32), full(96), full(None)])
def test_a_service_that_is_not_full_refuses_nothing_and_has_no_backlog(demand: Demand) -> None:
    assert Open(100).predict(demand) == Prediction(100, demand.alone, ARRIVALS)
    assert not Open(100).diverges(demand)


@pytest.mark.parametrize(("demand", "knee"), [(Demand(0.2), inf), (FIVE, 25), (POOLED, 20), (full(32), 128)])
def test_a_service_carries_at_most_what_its_tightest_limit_does(demand: Demand, knee: float) -> None:
    assert Open(10).most(demand) == pytest.approx(knee)
    assert Open(10).at_knee(demand) is None


def test_a_pool_may_bind_a_service_that_refuses_requests_before_its_limit_does() -> None:
    pooled = replace(full(32), limits=(*full(32).limits, Limit("database pool", 10, 0.25)))
    assert Open(100).predict(pooled) == Prediction(40, pooled.alone, "database pool")
    assert not Open(100).diverges(pooled)  # those that wait for a connection are in flight, and further ones refused


@pytest.mark.parametrize(
    ("load", "clients"),
    [
        (Open(8), 80),
        (Open(0.1), 1),
        (Open(0.15), 2),
        (Open(8, patience=0.5), 4),
        (Open(20_000), MOST),
        (Open(8, clients=3), 3),
        (Open(1, clients=50_000), 50_000),
    ],
)
def test_there_are_as_many_clients_as_requests_can_arrive_within_the_patience(load: Open, clients: int) -> None:
    assert load.most_in_flight == clients


@pytest.mark.parametrize(
    ("rate", "amount", "label"),
    [
        (1.0, 1, "1 arrival/s"),
        (20.0, 20, "20 arrivals/s"),
        (0.5, 0.5, "0.5 arrivals/s"),
        (20_000.0, 20_000, "20000 arrivals/s"),
    ],
)
def test_a_load_is_named_by_its_rate(rate: float, amount: float, label: str) -> None:
    assert (Open(rate).amount, Open(rate).label) == (amount, label)
    assert type(Open(rate).amount) is type(amount)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"rate": 50}, True),
        ({"clients": 7}, True),
        ({"seed": 2}, False),
        ({"patience": 1.0}, False),
        ({"arrivals": "even"}, False),
    ],
)
def test_figures_of_two_loads_are_compared_if_their_arrivals_and_patience_are_the_same(
    changes: dict[str, Any], same: bool
) -> None:
    assert (replace(Open(20), **changes).conditions == Open(20).conditions) == same


# 100 requests in flight on average over 20 s may be off by 5, by 1 request, and by what the edges cut.
@pytest.mark.parametrize(
    ("in_flight", "edges", "obeys"),
    [
        (100.0, 0, True),
        (105.0, 0, True),
        (95.0, 0, True),
        (105.06, 0, False),
        (94.94, 0, False),
        (110.0, 100, True),  # 100 cut requests of 1 s each are 5 in flight, over 20 s
        (110.06, 100, False),
    ],
)
def test_a_window_obeys_littles_law_within_what_its_edges_cut(in_flight: float, edges: int, obeys: bool) -> None:
    load = Open(100)
    told = load.contradiction(in_flight, spent=2000.0, seconds=20.0, edges=edges)
    assert (told is None) == obeys


def test_a_window_that_breaks_littles_law_says_by_how_much() -> None:
    told = Open(100).contradiction(80.0, spent=2000.0, seconds=20.0, edges=1)
    assert told == "on average 80.0 requests instead of 100.0 were in flight (Little's law, tolerance 5.1)"


def test_a_request_is_cut_for_no_longer_than_the_window_or_the_patience_lasts() -> None:
    def told(patience: float) -> str | None:
        return Open(100, patience=patience).contradiction(135.04, spent=2000.0, seconds=20.0, edges=600)

    assert told(patience=1.0) is None  # 600 requests of at most 1 s in 20 s: 30 more than the 5.05 of any window
    assert told(patience=0.9) is not None


@pytest.mark.parametrize(
    ("rate", "demand", "seconds", "warmup", "window"),
    [
        (100, Demand(0.2), 5.0, 0.5, 5.0),
        (100, Demand(3.0), 5.0, 6.0, 6.0),
        (2, Demand(0.2), 5.0, 0.5, (11 + 3 * 11**0.5) / 2),  # by chance fewer may come
        (100, FIVE, 5.0, 0.5, 5.0),  # a backlog needs no longer window
    ],
)
def test_a_window_holds_enough_arrivals_and_two_response_times(
    rate: float, demand: Demand, seconds: float, warmup: float, window: float
) -> None:
    load = Open(rate)
    assert load.spans(load.predict(demand).response, demand, seconds, 11) == pytest.approx((warmup, window))


def test_a_step_lasts_until_its_last_request_is_answered_or_given_up() -> None:
    load = Open(100, patience=4.0)
    assert load.tail(0.25) == 0.25
    assert load.edges(0.25) == 4.0


def test_even_arrivals_come_as_often_as_the_rate_says_so_their_window_is_no_longer() -> None:
    assert Open(2, "even").spans(0.2, Demand(0.2), 5.0, 11) == pytest.approx((0.5, 5.5))


def test_the_throughput_of_arrivals_says_nothing_of_the_response_time() -> None:
    assert Open(100).response(100) == Open(100).response(99) == 0
    assert Open(100).unhindered(FIVE) == 100
