"""The doubts about the users of a locustfile."""

from typing import Any

from loadtest.results.schema import Contender, Turns
from loadtest.verdict.judge import judge
from loadtest.verdict.turns import turn
from loadtest.workload.closed import Closed
from tests.loadtest.support.fabricated import contender, measured


def turns(tasks: int = 40, task: float = 1.0, wait: float = 1.5, left: int = 0) -> Turns:
    """Return what ten users did in ten seconds. `task`, `wait`: seconds."""
    return Turns(tasks=tasks, task_ms=tasks * task * 1000, wait_ms=tasks * wait * 1000, left=left)


def doubts(done: Turns, **changes: Any) -> list[str]:
    target: Contender = contender("mine").model_copy(update={"demand": None, "ours": False})
    return judge(Closed(10), None, measured(10, 0.1, 10.0, turns=done, **changes), target, "own").doubts


def test_users_are_held_against_the_time_of_their_tasks_and_waits() -> None:
    tolerance = "tolerance 0.5"
    for done, changes, told in (
        (turns(), {}, []),  # although each sends a request in 0.1 s, and there is time between them
        (turns(task=0.8), {}, [f"concurrency is 9.2 users instead of 10 (Little's law, {tolerance})"]),
        (turns(wait=1.7), {}, [f"concurrency is 10.8 users instead of 10 (Little's law, {tolerance})"]),
        (turns(0), {}, ["no task ended in the window, so its length and Little's law mean nothing"]),
        (turns(task=0.75, left=1), {}, ["1 user had left (an error in on_start, or StopUser)"]),
        (turns(16, 4.0, 2.25), {}, ["the window (10.0 s) is too short for tasks of 6.2 s with their wait"]),
        (turns(), {"unfinished": 2}, ["2 tasks hung for the whole window"]),
        (turns(), {"failures": 11}, ["11 of 1000 requests failed"]),
    ):
        assert doubts(done, **changes) == told
    (few, none) = doubts(turns(), requests=0, latency={}, response_ms=0)
    assert (few[:15], none[:30]) == ("only 0 requests", "the users reported no request:")


def test_a_turn_is_a_task_and_its_wait() -> None:
    assert turn(measured(turns=turns())) == 2.5
    assert turn(measured(turns=turns(0))) is turn(measured()) is None
