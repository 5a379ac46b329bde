from dataclasses import replace
from math import inf

import pytest

from loadtest.contenders.service import lineup
from loadtest.race.figures import SHORTEST, WINDOW, Figures, History, Reading
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from loadtest.workload.scenarios import demand

THREADS = demand("delay", lineup(2)["flask-threads"], 0.1)
"""A limit of 640 answers per second."""

NOTHING = Reading(
    clock=100.0, counted_since=1.0, requests=0, failures=0, latency={}, failed_latency={}, users=400, in_flight=400
)


def after(seconds: float, requests: int, failures: int = 0, response_ms: float = 625.0) -> Reading:
    """Return the reading `seconds` after NOTHING, with totals since then."""
    return replace(NOTHING, clock=100 + seconds, requests=requests, failures=failures, latency={response_ms: requests})


def figures(*readings: Reading, users: int = 400, changed: float = 0.0, settled: float = 0.0) -> Figures:
    history = History()
    for reading in readings:
        history.add(reading, changed)
    return history.figures(Closed(users), THREADS, settled)


def test_counts_are_those_of_the_whole_run_and_rates_those_of_the_window() -> None:
    got = figures(*(after(seconds, 600 * seconds, 60 * seconds) for seconds in range(21)))
    assert (got.requests, got.failures, got.users, got.in_flight) == (12_000, 1_200, 400, 400)
    assert (got.seconds, got.answered, got.failed) == (WINDOW, 3_000, 300)
    assert got.throughput == pytest.approx(540)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 0.99])
def test_a_window_that_is_too_short_gives_no_rate(seconds: float) -> None:
    got = figures(NOTHING, after(seconds, 300))
    assert seconds < SHORTEST
    assert (got.throughput, got.ratio) == (None, None)
    assert got.requests == 300


def test_percentiles_are_those_of_the_window_alone() -> None:
    before = replace(after(0, 1_000), latency={2_000.0: 1_000})
    now = replace(after(5, 2_000), latency={2_000.0: 1_010, 100.0: 980, 300.0: 10})
    got = figures(before, now)
    assert (got.p50, got.p99) == (100.0, 300.0)


@pytest.mark.parametrize(
    ("requests", "p50", "p99"), [(9, None, None), (10, 625.0, None), (499, 625.0, None), (500, 625.0, 625.0)]
)
def test_too_few_requests_give_no_percentile(requests: int, p50: float | None, p99: float | None) -> None:
    got = figures(NOTHING, after(5, requests))
    assert (got.p50, got.p99) == (p50, p99)


def test_the_prediction_stands_beside_the_measurement() -> None:
    got = figures(NOTHING, after(5, 3_040))
    assert got.predicted is not None
    assert got.predicted.throughput == pytest.approx(640)
    assert got.ratio == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("settled", "users", "compared"), [(100.0, 400, True), (100.1, 400, False), (100.0, 401, False), (90.0, 400, True)]
)
def test_figures_are_compared_once_all_users_are_there_and_nothing_in_the_window_is_older_than_that(
    settled: float, users: int, compared: bool
) -> None:
    got = figures(NOTHING, after(5, 3_200), users=users, settled=settled)
    assert got.throughput == pytest.approx(640)
    assert (got.ratio is not None) == got.settled == compared


def test_where_nothing_is_foretold_or_nobody_is_wanted_nothing_is_compared() -> None:
    history = History()
    for reading in (NOTHING, after(5, 3_200)):
        history.add(reading, 0.0)
    for users, foretold in ((400, None), (0, THREADS)):
        got = history.figures(Closed(users), foretold, 0.0)
        assert (got.predicted, got.ratio) == (None, None)


def test_a_deadlock_that_is_foretold_has_no_ratio() -> None:
    history = History()
    for reading in (NOTHING, after(5, 0)):
        history.add(reading, 0.0)
    got = history.figures(Closed(400), demand("ask", lineup(2)["flask"], 0.1), 0.0)
    assert got.predicted is not None
    assert (got.predicted.throughput, got.throughput, got.ratio) == (0.0, 0.0, None)


def test_a_run_that_changes_is_looked_at_anew() -> None:
    got = figures(NOTHING, after(2, 1_000), after(3, 1_100), after(4, 1_200), changed=102.5)
    assert (got.seconds, got.answered) == (1.0, 100)


def test_counts_that_begin_anew_are_not_held_against_those_before() -> None:
    anew = replace(after(3, 10), counted_since=2.0)
    got = figures(NOTHING, after(2, 1_000), anew)
    assert (got.seconds, got.answered, got.requests) == (0.0, 0, 10)
    assert got.throughput is None


def test_a_gap_in_the_readings_makes_no_figure_wrong() -> None:
    got = figures(*(after(seconds, 600 * seconds) for seconds in (0, 1, 2, 5, 6)))
    assert got.throughput == pytest.approx(600)
    assert figures(NOTHING, after(60, 36_000)).throughput is None


def arrivals(rate: float, due: int, requests: int, failed: int = 0, deadline: float = inf) -> Figures:
    """Return the figures of 5 s with `due` arrivals; failed requests took 1 ms, the others 110 ms."""
    load = Open(rate, clients=1000)
    failures = {1.0: failed} if failed else {}
    end = Reading(
        clock=105.0,
        counted_since=1.0,
        requests=requests,
        failures=failed,
        latency={110.0: requests - failed, **failures},
        failed_latency=failures,
        users=1000,
        in_flight=0,
        due=due,
    )
    history = History()
    history.add(replace(NOTHING, users=1000), 0.0)
    history.add(end, 0.0)
    return history.figures(load, THREADS, 0.0, deadline)


def test_an_answer_to_an_arrival_is_good_if_it_is_in_time_and_one_to_a_user_always() -> None:
    for deadline, good in ((0.1, 0), (0.2, 2_980), (inf, 2_980)):
        assert arrivals(600, due=3_000, requests=2_990, failed=10, deadline=deadline).good == good
    history = History()
    for reading in (NOTHING, after(5, 3_200, 200)):
        history.add(reading, 0.0)
    assert history.figures(Closed(400), THREADS, 0.0, deadline=0.1).good == 3_000


def test_arrivals_are_counted_beside_answers() -> None:
    got = arrivals(600, due=3_010, requests=2_990)
    assert (got.due, got.arriving, got.growth) == (3_010, 602.0, 4.0)
    assert got.predicted is not None
    assert (got.predicted.throughput, got.throughput, got.p99) == (600, 598.0, 110.0)
    assert got.ratio == pytest.approx(598 / 600)
    assert not got.behind


def test_where_the_backlog_is_predicted_to_grow_there_are_no_percentiles_and_no_ratio() -> None:
    got = arrivals(800, due=4_000, requests=3_200)
    assert got.predicted is not None
    assert got.predicted.throughput == pytest.approx(640)
    assert (got.growth, got.throughput) == (160.0, 640.0)
    assert (got.p50, got.p99, got.ratio, got.behind) == (None, None, None, False)


@pytest.mark.parametrize(("failed", "p50", "p99"), [(0, 110.0, 110.0), (40, 110.0, inf), (1_600, inf, inf)])
def test_arrivals_that_failed_count_as_slower_than_all_others(failed: int, p50: float, p99: float) -> None:
    got = arrivals(600, due=3_000, requests=3_000, failed=failed)
    assert (got.p50, got.p99) == (p50, p99)


@pytest.mark.parametrize(
    ("rate", "due", "requests", "behind"),
    [
        (600, 3_000, 2_667, False),
        (600, 3_000, 2_666, True),  # 2,700 less three times the root of 2 x 60 requests in flight, and one
        (600, 2_000, 1_790, False),  # fewer happened to arrive
        (639, 3_600, 3_200, False),  # more than 640 a second are not predicted
        (20, 100, 83, False),
    ],
)
def test_a_service_falls_behind_if_more_answers_are_missing_than_by_chance(
    rate: float, due: int, requests: int, *, behind: bool
) -> None:
    got = arrivals(rate, due, requests)
    assert got.behind == behind
    assert (got.p50 is None) == behind


def test_users_cannot_fall_behind_and_nothing_arrives() -> None:
    got = figures(NOTHING, after(5, 100))
    assert (got.behind, got.arriving, got.growth) == (False, None, None)
