import pytest

from loadtest.judge import FEWEST, QUEUES
from loadtest.model import Load
from loadtest.plan import SHORTEST_WARMUP, WARMUP_RESPONSES, WINDOW_RESPONSES, plan, spans


@pytest.mark.parametrize(
    ("users", "slots", "run"),
    [
        ([1, 10, 64, 400], None, [1, 10, 64, 400]),
        ([1, 10, 64, 400], 64, [1, 10, 64, 400]),
        ([1, 10, 64, 400, 500], 64, [1, 10, 64, 400, 500]),
        ([1, 10, 64, 400, 500, 600, 700], 64, [1, 10, 64, 400, 500]),
        ([1, 10, 64, 400], 5, [1, 10, 64]),
        ([10, 20, 30], 5, [10, 20]),
        ([5, 6, 7, 8], 5, [5, 6, 7]),
        ([8, 6, 7, 5], 5, [5, 6, 7]),
        ([400], 5, [400]),
    ],
)
def test_one_step_beyond_the_first_saturated_one_is_run_and_the_rest_is_not(
    users: list[int], slots: int | None, run: list[int]
) -> None:
    steps = plan(users, Load(0.2), slots, seconds=2)
    assert [step.users for step in steps] == sorted(users)
    assert [step.users for step in steps if step.run] == run


def test_what_is_not_run_is_predicted_and_takes_no_time() -> None:
    *_, last = plan([10, 20, 30], Load(0.2), 5, seconds=2)
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
    load = Load(0.2, think)
    (step,) = plan([users], load, 5, seconds=1)
    assert (step.warmup, step.window) == spans(users, step.predicted.response, load, 1)
    assert step.seconds == step.warmup + step.window
