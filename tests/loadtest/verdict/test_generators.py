import re
from typing import Any

import pytest

from loadtest.results.schema import Measured, Part, Predicted
from loadtest.verdict.forecast import forecast
from loadtest.verdict.generators import FALLEN, busiest, doubts, enough
from loadtest.verdict.judge import judge
from loadtest.verdict.processors import full_tool
from loadtest.workload.closed import Closed
from loadtest.workload.demand import GENERATOR, USERS, Demand
from loadtest.workload.open import Open
from loadtest.workload.share import Share
from tests.loadtest.support.fabricated import arrived, contender, measured
from tests.loadtest.support.fabricated import generator_part as part

LOAD = Closed(20)


def both(*changes: dict[str, Any], faults: tuple[str, ...] = ()) -> Measured:
    parts = [part(place, **each) for place, each in enumerate(changes or ({}, {}))]
    return measured(20, generators=parts, faults=[*faults], generator_cpu=sum(each.cpu for each in parts))


def test_two_generators_that_agree_are_trusted() -> None:
    assert doubts(LOAD, both(), together=False) == []


def test_a_single_generator_has_no_doubts_of_its_own_here() -> None:
    assert doubts(LOAD, measured(20), together=False) == []


def test_a_generator_that_fell_out_is_the_only_doubt() -> None:
    told = doubts(LOAD, both({}, {"stalled": 5.0}, faults=("generator 2 was silent for 3 s",)), together=False)
    assert told == [f"{FALLEN}: generator 2 was silent for 3 s"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stalled": 0.6}, "generator 2 stood still for 0.6 s in the window"),
        ({"throttled": 0.5}, "a CPU quota held generator 2 back for 0.50 s in the window"),
        ({"users": (10, 9)}, "generator 2 had 10 users at first and 9 at last, instead of 10"),
        (
            {"requests": 800, "response_ms": 80_000.0},
            "generator 2: concurrency is 8.0 users instead of 10 (Little's law, tolerance 0.6)",
        ),
        ({"local": False, "host": "far", "busy": 0.97}, "the cores of far, on which generator 2 ran, were 97% busy"),
        ({"opened": 1.5}, "the windows of the load generators opened up to 1.5 s apart"),
        ({"closed": 12.5}, "the windows of the load generators closed up to 2.5 s apart"),
    ],
)
def test_each_generator_is_looked_at(changes: dict[str, Any], told: str) -> None:
    assert doubts(LOAD, both({}, changes), together=False) == [told]


FAR = {"latency": {104.0: 1000}}


def test_a_generator_that_sees_another_median_is_far_or_sick() -> None:
    told = doubts(LOAD, both({}, FAR), together=False)
    assert told == ["generator 1 has a median of 100 ms, the others 104 ms"]  # of two, either may be sick


def test_medians_are_not_compared_where_requests_or_processes_differ() -> None:
    assert doubts(LOAD, both({}, FAR), together=False, alike=False) == []
    several = both({}, FAR).model_copy(update={"parts": {"GET /a": Part(requests=1, failures=0, latency={1.0: 1})}})
    assert doubts(LOAD, several, together=False) == []


def test_windows_may_differ_by_a_turn() -> None:
    slow = both({}, {"opened": 1.5})
    slow = slow.model_copy(update={"response_ms": slow.requests * 600.0})
    assert doubts(LOAD, slow, together=False) == []


def test_a_generator_whose_requests_all_came_from_before_the_window_is_not_compared() -> None:
    assert doubts(LOAD, both({}, {"latency": {}}), together=False) == []


def test_medians_that_differ_by_chance_are_alike() -> None:
    few, others = {"latency": {90.0: 300, 110.0: 700}}, {"latency": {90.0: 700, 110.0: 300}}  # of ten users each
    assert doubts(LOAD, both(few, others), together=False) == []


def test_requests_that_end_together_are_not_held_against_the_law() -> None:
    assert doubts(LOAD, both({}, {"requests": 800, "response_ms": 80_000.0}), together=True) == []


def test_a_generator_without_users_is_as_it_should_be() -> None:
    idle = {"users": (0, 0), "requests": 0, "response_ms": 0.0, "latency": {}}
    one = {"users": (1, 1), "requests": 100, "response_ms": 10_000.0}
    assert doubts(Closed(1), both(one, idle), together=False) == []


def test_each_generator_of_an_open_load_must_be_on_time() -> None:
    load = Open(100.0)
    model, _ = forecast(load.schedule(1, Share(0, 2)), load, Demand(0.1), (0.5, 10.0))
    fine = {"users": (500, 500), "arrivals": arrived(load, model)}
    late = {**fine, "arrivals": arrived(load, model, late_ms={40.0: 100, 0.1: 400})}
    assert doubts(load, both(fine, fine), together=False) == []
    (told,) = doubts(load, both(fine, late), together=False)
    assert re.fullmatch(r"generator 2 sent [0-9.]+% of the requests over 5 ms late by its own fault", told)


def test_one_busy_generator_limits_a_step_though_all_together_have_time() -> None:
    busy = both({"cpu": 0.95}, {"cpu": 0.1})
    assert full_tool(busy) == GENERATOR
    assert busiest(busy) == "generator 1: 95% of a core"
    assert full_tool(both({"cpu": 0.6}, {"cpu": 0.6})) is None


def test_the_verdict_says_how_many_would_do() -> None:
    window = measured(20, requests=9000, seconds=10.0, generator_cpu=0.9)  # 1 ms of CPU time for each request
    assert enough(window, wanted=3000.0) == "5 load generators with a core each (--generators 5)"
    assert enough(window, wanted=0.0).startswith("2 load generators")
    assert enough(both(), wanted=0.0).startswith("3 load generators")


def test_the_judge_passes_the_doubts_on() -> None:
    sick = both({}, {"stalled": 0.6})
    verdict = judge(LOAD, Predicted(throughput=200.0, response=0.1, bound=USERS), sick, contender("aiohttp"), "delay")
    assert any("generator 2 stood still" in doubt for doubt in verdict.doubts)
