import pytest

from loadtest.measure.plan import SHORTEST_WARMUP, WARMUP_RESPONSES, WINDOW_RESPONSES, plan, spans
from loadtest.verdict.judge import FEWEST, QUEUES
from loadtest.workload.closed import DEADLOCK, SLOTS, Limit, Load
from tests.loadtest.support.fabricated import slots


def on(count: int | None, wait: float = 0.2, think: float = 0.0) -> Load:
    """A wait on a service with so many slots."""
    return Load(wait, think, slots(count, wait))


POOLED = Load(0.2, limits=(Limit(SLOTS, 64, 0.2), Limit("database pool", 10, 0.2)))
ASKED = Load(0.2, limits=slots(5, 0.2), patience=2.0)


@pytest.mark.parametrize(
    ("users", "load", "run"),
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
    users: list[int], load: Load, run: list[int]
) -> None:
    steps = plan(users, load, seconds=2)
    assert [step.users for step in steps] == sorted(users)
    assert [step.users for step in steps if step.run] == run


def test_what_is_not_run_is_predicted_and_takes_no_time() -> None:
    *_, last = plan([10, 20, 30], on(5), seconds=2)
    assert not last.run
    assert last.predicted.throughput == pytest.approx(25)
    assert last.predicted.response == pytest.approx(1.2)
    assert last.seconds == 0


@pytest.mark.parametrize(
    ("response", "load", "seconds"),
    [
        *((response, Load(0.2), 0.5) for response in (0.2, 1.0, 20.0)),
        *((response, Load(0.2, think=1.0), 0.5) for response in (0.2, 1.0, 20.0)),
        (0.2, Load(0.2), 60.0),
    ],
)
def test_warm_up_and_window_are_multiples_of_the_predicted_response(
    response: float, load: Load, seconds: float
) -> None:
    warmup, window = spans(100, response, load, seconds)
    cycle = response + load.think
    assert warmup == pytest.approx(max(SHORTEST_WARMUP, load.wait + WARMUP_RESPONSES * cycle))
    assert window == pytest.approx(max(seconds, WINDOW_RESPONSES * cycle))


def test_a_warm_up_lasts_until_every_answer_has_seen_the_queue_and_a_window_until_it_can_be_judged() -> None:
    assert WARMUP_RESPONSES > 1
    assert WINDOW_RESPONSES > QUEUES


def test_a_short_wait_is_still_warmed_up() -> None:
    assert spans(100, 0.001, Load(0.001), seconds=1) == (SHORTEST_WARMUP, 1)


def test_a_slow_wait_of_few_users_is_watched_until_there_is_something_to_judge() -> None:
    _, window = spans(1, 2.0, Load(2.0), seconds=1)
    assert window == pytest.approx((FEWEST + 1) * 2.0)


@pytest.mark.parametrize("users", [1, 5, 50, 500])
@pytest.mark.parametrize("think", [0.0, 1.0])
def test_a_step_takes_its_warm_up_and_its_window(users: int, think: float) -> None:
    load = on(5, think=think)
    (step,) = plan([users], load, seconds=1)
    assert (step.warmup, step.window) == spans(users, step.predicted.response, load, 1)
    assert step.seconds == step.warmup + step.window


@pytest.mark.parametrize("users", [5, 20])
def test_a_deadlock_is_watched_until_those_who_came_last_have_given_up(users: int) -> None:
    (step,) = plan([users], ASKED, seconds=1)
    queued = users / 5 * 2.0
    assert step.predicted.bound == DEADLOCK
    assert step.warmup >= queued
    assert step.window >= QUEUES * queued
