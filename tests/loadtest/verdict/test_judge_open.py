"""Tests of the judgement of steps of an open load."""

from typing import Any

import pytest

from loadtest.results.schema import Step
from loadtest.verdict.judge import Judgement, judge
from loadtest.workload.demand import BLOCKED
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import contender, foretold, open_step, use

RATE = Open(100)


def judged(step: Step, scenario: str = "delay", **changes: Any) -> Judgement:
    assert step.measured
    window = step.measured.model_copy(update=changes)
    return judge(step.load, step.predicted, window, contender(step.service, scenario), scenario)


@pytest.mark.parametrize(
    ("service", "load", "bound"),
    [
        ("flask", Open(20), "arrivals"),
        ("flask", Open(50), "slots"),
        ("flask", Open(400), "slots"),
        ("flask-threads", Open(400), "arrivals"),
        ("flask-threads", Open(800, patience=0.5), "slots"),
        ("aiohttp", Open(2000, "even"), "arrivals"),
        ("stranger", Open(20), "arrivals"),
    ],
)
def test_a_step_as_predicted_is_bound_by_the_arrivals_or_by_what_is_full_and_has_no_doubts(
    service: str, load: Open, bound: str
) -> None:
    assert judged(open_step(service, load)) == Judgement(bound, [])


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        (
            {"generator_cpu": 0.9},
            "the load generator was saturated (90% of a core); 2 load generators with a core each (--generators 2), or "
            "a lower rate, would lift that",
        ),
        ({"machine_cpu": 0.95}, "the machine was saturated (95% of all cores)"),
        ({"stolen_cpu": 0.06}, "other virtual machines on the host took 6% of the CPU"),
        ({"died": 1}, "1 service process died during the window"),
        ({"resent": 100}, "requests were sent again 100 times, because the service closed the connection unanswered"),
        (
            {"service_cores": use(0.9), "other_cores": use(0.2), "server_cpu": 0.4},
            "other processes took 0.50 of the service's 1 core",
        ),
    ],
)
def test_what_disturbs_users_disturbs_arrivals_too(changes: dict[str, Any], doubt: str) -> None:
    (told,) = judged(open_step("flask-threads", RATE), **changes).doubts
    assert told.startswith(doubt)


def test_a_service_that_falls_short_of_the_arrivals_without_a_reason_is_unexplained() -> None:
    step = open_step("flask-threads", RATE)
    assert step.measured
    told = judged(step, requests=step.measured.requests // 2)
    assert told.bound == "unexplained"
    assert told.doubts == [
        "throughput is 0.50 times the prediction, and no measured figure explains why (the machine was 20% busy; the "
        "prediction leaves out CPU time)"
    ]


def test_a_process_with_too_many_connections_explains_a_shortfall_in_the_number_of_its_clients() -> None:
    step = open_step("flask-threads", Open(600))
    assert step.measured
    told = judged(step, requests=int(0.8 * step.measured.requests), connections=[100, 20])
    assert told == Judgement("slots, unevenly shared (one process had 100 of 120 clients and 32 of 64 slots)", [])


def test_a_service_that_used_its_cores_up_is_bound_by_the_cpu() -> None:
    step = open_step("aiohttp", RATE)
    assert judged(step, service_cores=use(0.95), other_cores=use(0.2), server_cpu=0.95, processes_cpu=[0.95]) == (
        Judgement("CPU", [])
    )


def test_a_service_that_slow_clients_block_is_held_against_nothing_else() -> None:
    step = open_step("flask", Open(20))
    assert step.measured
    model = step.predicted and step.predicted.model_copy(update={"bound": BLOCKED, "throughput": 0.0, "arrivals": None})
    window = step.measured.model_copy(update={"failures": step.measured.requests, "latency": {}})
    assert judge(step.load, model, window, contender("flask"), "slow-clients") == Judgement(BLOCKED, [])


def test_a_target_has_a_limit_of_its_own_if_it_falls_short_of_what_its_first_step_lets_expect() -> None:
    step = open_step("stranger", Open(100))
    expected = foretold(Open(200), contender("aiohttp").demand)  # type: ignore[arg-type] # it has one
    assert step.measured
    assert judge(Open(200), expected, step.measured, contender("stranger"), "delay") == Judgement("its own limit", [])


def test_requests_that_were_given_up_or_refused_are_no_failure_of_the_measurement() -> None:
    step = open_step("flask", Open(400))
    assert step.measured
    failures = 100
    told = judged(
        step,
        requests=step.measured.requests + failures,
        failures=failures,
        errors={"gave up: no answer within the patience": 60, "status 503 instead of 200": 40},
    )
    assert told == Judgement("slots", [])
