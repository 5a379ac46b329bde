import pytest

from loadtest.measure.plan import plan, spans, to_run
from loadtest.verdict.bounds import QUEUES
from loadtest.workload.closed import WARMUP_RESPONSES, WINDOW_RESPONSES, Closed
from loadtest.workload.demand import ADMISSION, DEADLOCK, SLOTS, Demand, Limit
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import slots


def on(count: int | None, wait: float = 0.2) -> Demand:
    """Return the demand of a wait on a service with `count` slots."""
    return Demand(wait, slots(count, wait))


POOLED = Demand(0.2, (Limit(SLOTS, 64, 0.2), Limit("database pool", 10, 0.2)))
ASKED = Demand(0.2, slots(5, 0.2), patience=2.0)


@pytest.mark.parametrize(
    ("users", "demand", "run"),
    [
        ([1, 10, 64, 400], on(None), [1, 10, 64, 400]),
        ([1, 10, 64, 400], on(64), [1, 10, 64, 400]),
        ([1, 10, 64, 400, 500], on(64), [1, 10, 64, 400, 500]),
        ([1, 10, 64, 400, 500, 600, 700], on(64), [1, 10, 64, 400, 500]),
        ([1, 10, 64, 400], on(5), [1, 10, 64]),
        ([10, 20, 30], on(5), [10, 20]),
        ([5, 6, 7, 8], on(5), [5, 6, 7]),
        ([8, 6, 7, 5], on(5), [5, 6, 7]),
        ([400], on(5), [400]),
        ([1, 10, 20, 64, 400], POOLED, [1, 10, 20, 64]),
        ([1, 4, 5, 6, 7], ASKED, [1, 4, 5, 6]),
    ],
)
def test_one_step_beyond_the_first_saturated_one_is_run_and_the_rest_is_not(
    users: list[int], demand: Demand, run: list[int]
) -> None:
    steps = plan(map(Closed, users), demand, seconds=2)
    assert [step.load.amount for step in steps] == sorted(users)
    assert [step.load.amount for step in to_run(steps)] == run


def test_a_step_that_is_not_run_is_predicted() -> None:
    steps = plan(map(Closed, [10, 20, 30]), on(5), seconds=2)
    *_, last = steps
    assert last not in to_run(steps)
    assert last.predicted.throughput == pytest.approx(25)
    assert last.predicted.response == pytest.approx(1.2)


# A warm-up is one wait and 1.25 cycles (at least 0.5 s), a window 1.8 cycles (at least the requested seconds).
@pytest.mark.parametrize(
    ("response", "think", "seconds", "warmup", "window"),
    [
        (0.2, 0.0, 0.5, 0.5, 0.5),
        (1.0, 0.0, 0.5, 1.45, 1.8),
        (20.0, 0.0, 0.5, 25.2, 36.0),
        (0.2, 1.0, 0.5, 1.7, 2.16),
        (1.0, 1.0, 0.5, 2.7, 3.6),
        (20.0, 1.0, 0.5, 26.45, 37.8),
        (0.2, 0.0, 60.0, 0.5, 60.0),
    ],
)
def test_warm_up_and_window_grow_with_the_predicted_response(
    response: float, think: float, seconds: float, warmup: float, window: float
) -> None:
    assert spans(Closed(100, think), response, Demand(0.2), seconds) == pytest.approx((warmup, window))


def test_a_warm_up_lasts_until_every_answer_has_seen_the_queue_and_a_window_until_it_can_be_judged() -> None:
    assert WARMUP_RESPONSES > 1
    assert WINDOW_RESPONSES > QUEUES


def test_a_short_wait_is_still_warmed_up() -> None:
    assert spans(Closed(100), 0.001, Demand(0.001), seconds=1) == (0.5, 1)


def test_a_slow_wait_of_few_users_is_watched_until_there_is_something_to_judge() -> None:
    _, window = spans(Closed(1), 2.0, Demand(2.0), seconds=1)
    assert window == pytest.approx(22.0)  # eleven responses


@pytest.mark.parametrize(
    ("users", "think", "warmup", "window"),
    [
        (1, 0.0, 0.5, 2.2),
        (5, 0.0, 0.5, 1.0),
        (50, 0.0, 2.7, 3.6),
        (500, 0.0, 25.2, 36.0),
        (1, 1.0, 1.7, 13.2),
        (5, 1.0, 1.7, 2.64),
        (50, 1.0, 2.7, 3.6),
        (500, 1.0, 25.2, 36.0),
    ],
)
def test_a_step_takes_its_warm_up_and_its_window(users: int, think: float, warmup: float, window: float) -> None:
    (step,) = plan([Closed(users, think)], on(5), seconds=1)
    assert (step.warmup, step.window) == pytest.approx((warmup, window))
    assert step.seconds == pytest.approx(warmup + window)


@pytest.mark.parametrize("users", [5, 20])
def test_a_deadlock_is_watched_until_those_who_came_last_have_given_up(users: int) -> None:
    (step,) = plan([Closed(users)], ASKED, seconds=1)
    queued = users / 5 * 2.0
    assert step.predicted.bound == DEADLOCK
    assert step.warmup >= queued
    assert step.window >= QUEUES * queued


LIMITED = Demand(0.2, slots(8, 0.2), admission=Limit(ADMISSION, 5, 0.2))


@pytest.mark.parametrize(
    ("rates", "demand", "run"),
    [
        ([8, 20, 100, 400], on(None), [8, 20, 100, 400]),
        ([8, 20, 100, 400], on(5), [8, 20, 100]),  # 25 a second: the backlog of 100 would reach into the next step
        ([400, 100], on(5), [100]),
        ([8, 24.9, 25, 26], on(5), [8, 24.9, 25]),
        ([20, 100, 400], LIMITED, [20, 100, 400]),  # who refuses has no backlog
    ],
)
def test_rates_are_run_up_to_the_first_one_whose_backlog_grows(
    rates: list[float], demand: Demand, run: list[float]
) -> None:
    steps = plan(map(Open, rates), demand, seconds=2)
    assert [step.load.amount for step in steps] == sorted(rates)
    assert [step.load.amount for step in to_run(steps)] == run


@pytest.mark.parametrize(
    ("rate", "demand", "seconds"),
    [
        (8, on(5), 0.5 + (11 + 3 * 11**0.5) / 8 + 0.2),
        (100, on(5), 0.5 + 2.0 + 10.0),  # until the clients of the last requests have given up
        (100, LIMITED, 0.5 + 2.0 + 0.2),
        (1, on(5), 0.5 + 11 + 3 * 11**0.5 + 0.2),  # eleven arrivals, also if by chance fewer come
    ],
)
def test_a_step_of_arrivals_lasts_until_its_last_request_has_ended(rate: float, demand: Demand, seconds: float) -> None:
    (step,) = plan([Open(rate)], demand, seconds=2)
    assert step.seconds == pytest.approx(seconds)
