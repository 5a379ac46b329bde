from typing import Any

import pytest

from loadtest.judge import Judgement, judge
from loadtest.results import Contender, Measured, Predicted
from tests.loadtest.fabricated import contender, measured, options, predicted


def judged(
    window: Measured,
    users: int = 10,
    model: Predicted | None = None,
    service: Contender | None = None,
    think: float = 0.0,
) -> Judgement:
    return judge(users, model or predicted(users), window, service or contender("aiohttp"), options(think=think))


def slower(share: float, **changes: Any) -> Measured:
    """Ten users who get only `share` of the answers that were predicted, because each takes longer."""
    return measured(10, 0.1 / share, **changes)


def test_a_clean_step_has_no_doubts() -> None:
    assert judged(measured(10)) == Judgement("users", [])


@pytest.mark.parametrize(
    ("window", "doubt"),
    [
        (measured(10, generator_cpu=0.9), "the load generator was saturated (90% of a core)"),
        (measured(10, machine_cpu=0.95), "the machine was saturated (95% of all cores)"),
        (measured(10, stolen_cpu=0.051), "other guests of the host took 5% of the CPU"),
        (measured(10, failures=11, errors={"status 500": 11}), "11 of 1000 requests failed"),
        (measured(10, died=1), "1 of the service's processes died in the window"),
        (measured(10, unfinished=1), "1 requests hung for the whole window"),
        (measured(10, response_ms=50_000), "Little's law misses 5.0 of 10 users, more than 0.5"),
        (measured(10, response_ms=150_000), "Little's law misses -5.0 of 10 users, more than 0.5"),
        (measured(11), "throughput is 1.10 of what the model allows at the most"),
    ],
)
def test_each_doubt_is_one_sentence(window: Measured, doubt: str) -> None:
    users = 11 if window.requests == 1100 else 10
    assert judged(window, users, predicted(10)).doubts == [doubt]


def test_a_service_that_is_slow_without_a_reason_is_unexplained() -> None:
    assert judged(slower(0.5)) == Judgement(
        "unexplained",
        ["throughput is 0.50 of the prediction, and nothing that was measured explains it (the machine was 20% busy)"],
    )


def test_too_few_requests_are_a_doubt() -> None:
    assert judged(measured(1, seconds=0.9), 1).doubts == ["only 9 requests were answered in the window"]
    assert judged(measured(1, seconds=1.0), 1).doubts == []


def test_a_window_shorter_than_the_queue_is_a_doubt() -> None:
    model = Predicted(throughput=100 / 6, response=6.0, saturated=True)
    assert judged(measured(100, response=6.0, seconds=10.4), 100, model).doubts == [
        "the window (10.4 s) is short for responses of 6.0 s"
    ]
    assert judged(measured(100, response=6.0, seconds=10.5), 100, model).doubts == []


def test_a_hung_service_is_never_nothing_failed() -> None:
    hung = measured(10, requests=0, response_ms=0.0, latency={}, per_second={}, unfinished=10)
    assert judged(hung).doubts == [
        "only 0 requests were answered in the window",
        "10 requests hung for the whole window",
        "Little's law misses 10.0 of 10 users, more than 0.5",
        "throughput is 0.00 of the prediction, and nothing that was measured explains it (the machine was 20% busy)",
    ]


def test_failures_are_no_throughput() -> None:
    broken = judged(measured(10, failures=1000, errors={"status 500": 1000}))
    assert broken.bound == "unexplained"
    assert broken.doubts[0] == "1000 of 1000 requests failed"


@pytest.mark.parametrize(
    "window",
    [
        measured(10, generator_cpu=0.899),
        measured(10, machine_cpu=0.949),
        measured(10, stolen_cpu=0.05),
        measured(10, failures=10),
        measured(10, response_ms=96_000),
        slower(0.905),
    ],
)
def test_up_to_its_threshold_nothing_is_doubted(window: Measured) -> None:
    assert judged(window).doubts == []


def test_users_who_think_are_accounted_for() -> None:
    thinking = measured(10, response=1.0)  # of which 0.9 s are thought
    window = thinking.model_copy(update={"response_ms": thinking.requests * 100.0})
    assert judged(window, model=predicted(10, think=0.9), think=0.9) == Judgement("users", [])
    assert judged(window, model=predicted(10, think=0.9), think=0.0).doubts == [
        "Little's law misses 9.0 of 10 users, more than 0.5"
    ]


def test_the_edges_of_a_short_window_may_cut_one_request() -> None:
    window = measured(1, seconds=1.0)
    assert judged(window.model_copy(update={"response_ms": 900.0}), 1).doubts == []
    assert judged(window.model_copy(update={"response_ms": 800.0}), 1).doubts == [
        "Little's law misses 0.2 of 1 users, more than 0.1"
    ]


@pytest.mark.parametrize(
    ("window", "slots", "bound"),
    [
        (measured(10), None, "users"),
        (measured(10), 64, "users"),
        (measured(10), 10, "users"),
        (measured(10, 0.2), 5, "slots"),
        (slower(0.5, busiest_cpu=0.9), None, "CPU"),
        (slower(0.5, machine_cpu=0.95), None, "CPU"),
        (slower(0.5, generator_cpu=0.9), None, "generator"),
        (slower(0.5, generator_cpu=0.9, busiest_cpu=1.0, machine_cpu=1.0), None, "generator"),
        (slower(0.5), None, "unexplained"),
        (measured(10, busiest_cpu=None, server_cpu=None, memory=None, connections=None), None, "users"),
    ],
)
def test_a_step_is_bound_by_one_thing(window: Measured, slots: int | None, bound: str) -> None:
    assert judged(window, model=predicted(10, slots)).bound == bound


def test_a_service_bound_by_its_cpu_is_no_doubt() -> None:
    assert judged(slower(0.5, busiest_cpu=0.9)).doubts == []


def test_a_service_that_is_not_ours_may_have_a_limit_of_its_own() -> None:
    window = slower(0.5, server_cpu=None, busiest_cpu=None, memory=None, connections=None)
    assert judge(10, None, window, contender("stranger"), options()) == Judgement("users", [])
    assert judge(10, predicted(10), window, contender("stranger"), options()) == Judgement("its own limit", [])


def test_a_machine_that_others_keep_busy_is_not_what_bound_a_service() -> None:
    judgement = judged(measured(10, machine_cpu=0.99, server_cpu=0.1))
    assert judgement == Judgement("users", ["the machine was saturated (99% of all cores)"])


def test_idle_slots_explain_no_more_than_they_are_worth() -> None:
    window = measured(64, 0.1 / 0.3, connections=[33, 31])
    assert judged(window, 64, predicted(64), contender("flask-threads")).bound == "unexplained"


@pytest.mark.parametrize(
    ("name", "connections", "bound"),
    [
        ("flask-threads", [40, 24], "slots, unevenly shared (40 of 64 users on 32 slots)"),
        ("flask-threads", [0, 64], "slots, unevenly shared (64 of 64 users on 32 slots)"),
        ("flask-threads", [32, 32], "unexplained"),
        ("flask-threads", [], "unexplained"),
        ("flask-threads", None, "unexplained"),
        ("flask", [3, 0, 0, 0, 0], "unexplained"),  # whose connections end with each request
        ("aiohttp", [40, 24], "unexplained"),
    ],
)
def test_idle_slots_of_one_process_explain_a_queue_at_another(
    name: str, connections: list[int] | None, bound: str
) -> None:
    window = measured(64, 0.1 / 0.8, connections=connections)
    judgement = judged(window, 64, predicted(64), contender(name))
    assert judgement.bound == bound
    assert bool(judgement.doubts) == (bound == "unexplained")
