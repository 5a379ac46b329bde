from collections.abc import Callable
from dataclasses import replace
from math import ceil, exp, factorial, floor, inf, log

import pytest

from loadtest.workload.need import Need
from loadtest.workload.sampled import MOST, Shape, fewest, outcome

MEAN = 0.1

EXPONENTIAL = [-MEAN * log(1 - (place + 0.5) / 2000) for place in range(2000)]
"""Times of an exponential distribution."""


def p99(distribution: Callable[[float], float]) -> float:
    """Return the 99th percentile, up to 2 s, of a distribution function."""
    low, high = 0.0, 2.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if distribution(middle) < 0.99 else (low, middle)
    return low


def of_slots(rate: float, slots: int) -> Callable[[float], float]:
    """Return the distribution of response times of M/M/c, whose arrivals wait with the chance of A. K. Erlang."""
    offered, each = rate * MEAN, 1 / MEAN
    full = offered**slots / factorial(slots) * slots / (slots - offered)
    waits = full / (sum(offered**busy / factorial(busy) for busy in range(slots)) + full)
    ends = slots * each - rate  # a wait, if there is one, ends at this rate

    def answered(seconds: float) -> float:
        alone, queued = exp(-each * seconds), exp(-ends * seconds)
        return 1 - (1 - waits) * alone - waits * (each * queued - ends * alone) / (each - ends)

    return answered


def of_a_processor(rate: float, held: float) -> Callable[[float], float]:
    """Return the distribution of response times of M/D/1, by A. K. Erlang."""
    busy = rate * held

    def answered(seconds: float) -> float:
        if (turns := seconds / held - 1) < 0:
            return 0.0
        terms = (
            (busy * (each - turns)) ** each / factorial(each) * exp(busy * (turns - each))
            for each in range(floor(turns) + 1)
        )
        return (1 - busy) * sum(terms)

    return answered


def test_latencies_are_those_of_queueing_theory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.workload.sampled.REQUESTS", 200_000)  # less chance
    for slots, rate in ((1, 5), (2, 15), (100, 930)):
        found = outcome(Need(rate=rate), EXPONENTIAL, Shape(slots, 1, 0.0))
        assert found.throughput == rate
        assert found.p99 == pytest.approx(p99(of_slots(rate, slots)), rel=0.1), (slots, rate)
    for rate, held in ((5, 0.1), (7, 0.1)):
        found = outcome(Need(rate=rate), [held], Shape(inf, 1, held))
        assert found.p99 == pytest.approx(p99(of_a_processor(rate, held)), rel=0.1), (rate, held)


def test_users_who_wait_have_the_throughput_of_the_asymptotic_bounds() -> None:
    for users, slots in ((1, 1), (5, 8), (8, 8), (20, 8), (500, 8), (300, inf)):
        found = outcome(Need(users=users), [MEAN], Shape(slots, 1, 0.0))
        assert found.throughput == pytest.approx(min(users, slots) / MEAN, rel=1e-3)
        turns = users / slots if users > slots else 1
        assert MEAN * turns - 1e-9 <= found.p99 <= MEAN * ceil(turns) + 1e-9
    computes = outcome(Need(users=40), [MEAN], Shape(inf, 2, 0.01))
    assert computes.throughput == pytest.approx(2 / 0.01, rel=1e-3)


def test_a_backlog_that_grows_is_no_latency_whatever_the_times_and_the_rate() -> None:
    rare = [MEAN] * 999 + [5.0]
    for rate in (20, 300, 3000, 50_000):
        for times in ([MEAN], EXPONENTIAL, rare):
            free = outcome(Need(rate=rate), times, Shape(inf, 1, 0.0))
            assert (free.throughput, free.p99 < inf) == (rate, True), (rate, len(times))
    for shape in (Shape(8, 1, 0.0), Shape(inf, 1, 0.0125), Shape(9, 2, 0.025)):
        grows = outcome(Need(rate=100), [MEAN], shape)
        assert grows.throughput == pytest.approx(80, rel=0.01)
        assert grows.p99 == inf


def test_the_smallest_number_is_that_of_trying_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.workload.sampled.REQUESTS", 4_000)

    def with_slots(slots: int) -> Shape:
        return Shape(slots, 1, 0.001)

    def with_processes(processes: int) -> Shape:
        return Shape(processes, processes, 0.02)

    for need, times, shaped in (
        (Need(rate=40), EXPONENTIAL, with_processes),
        (Need(rate=40), [MEAN], with_slots),
        (Need(users=3), EXPONENTIAL, with_slots),
        (Need(users=1), [MEAN], with_slots),
    ):
        smallest = fewest(need, times, shaped, 1.1)
        for number in range(1, 20):
            shape = shaped(number)
            free = outcome(need, times, replace(shape, slots=inf)).p99
            if outcome(need, times, shape).p99 <= 1.1 * free < inf:
                break
        assert number == smallest, need


def test_no_number_is_enough_for_a_rate_beyond_the_most_or_beyond_the_cpu() -> None:
    assert fewest(Need(rate=2 * MOST / MEAN), [MEAN], lambda slots: Shape(slots, 1, 0.0), 1.1) is None
    assert fewest(Need(rate=100), [MEAN], lambda slots: Shape(slots, 1, 0.02), 1.1) is None
