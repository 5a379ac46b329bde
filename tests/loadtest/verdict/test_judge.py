from typing import Any

import pytest

from loadtest.results.schema import Contender, Measured, Predicted
from loadtest.verdict.judge import Judgement, judge
from loadtest.workload.closed import Closed
from loadtest.workload.demand import Demand, Limit
from tests.loadtest.support.fabricated import contender, foretold, measured, predicted, stuck


def judged(
    window: Measured,
    users: int = 10,
    model: Predicted | None = None,
    service: Contender | None = None,
    **asked: Any,
) -> Judgement:
    load, scenario = Closed(users, asked.get("think", 0.0)), asked.get("scenario", "delay")
    return judge(load, model or predicted(users), window, service or contender("aiohttp"), scenario)


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
    model = Predicted(throughput=100 / 6, response=6.0, bound="slots")
    assert judged(measured(100, response=6.0, seconds=10.4), 100, model).doubts == [
        "the window (10.4 s) is short for responses of 6.0 s"
    ]
    assert judged(measured(100, response=6.0, seconds=10.5), 100, model).doubts == []


def test_a_hung_service_is_never_nothing_failed() -> None:
    hung = measured(10, requests=0, response_ms=0.0, latency={}, unfinished=10)
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
    assert judge(Closed(10), None, window, contender("stranger"), "delay") == Judgement("users", [])
    judgement = judge(Closed(10), predicted(10), window, contender("stranger"), "delay")
    assert judgement == Judgement("its own limit", [])


def test_a_machine_that_others_keep_busy_is_not_what_bound_a_service() -> None:
    judgement = judged(measured(10, machine_cpu=0.99, server_cpu=0.1))
    assert judgement == Judgement("users", ["the machine was saturated (99% of all cores)"])


def test_idle_slots_explain_no_more_than_they_are_worth() -> None:
    window = measured(64, 0.1 / 0.3, connections=[33, 31])
    assert judged(window, 64, predicted(64), contender("flask-threads")).bound == "unexplained"


@pytest.mark.parametrize(
    ("name", "connections", "bound"),
    [
        ("flask-threads", [40, 24], "slots, unevenly shared (40 of 64 users on 32 of 64)"),
        ("flask-threads", [0, 64], "slots, unevenly shared (64 of 64 users on 32 of 64)"),
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


def held_against_its_load(service: Contender, scenario: str, users: int, window: Measured) -> Judgement:
    assert service.demand is not None
    return judged(window, users, foretold(Closed(users), service.demand), service, scenario=scenario)


@pytest.mark.parametrize(
    ("scenario", "name", "users", "rate", "bound"),
    [
        ("query", "flask", 400, 50, "slots"),
        ("query", "flask-threads", 400, 200, "database pool"),
        ("query", "flask-gevent", 400, 200, "database pool"),
        ("query", "aiohttp", 400, 200, "database pool"),
        ("query", "aiohttp", 20, 200, "users"),
        ("fetch", "flask-threads", 400, 200, "upstream pool"),
        ("fetch", "aiohttp", 400, 200, "upstream pool"),
        ("blocking", "aiohttp", 400, 20, "event loops"),
        ("offload", "aiohttp", 400, 640, "threads"),
    ],
)
def test_a_service_is_bound_by_whatever_its_scenario_has_least_of(
    scenario: str, name: str, users: int, rate: float, bound: str
) -> None:
    for share in (1.0, 0.95):
        window = measured(users, users / rate / share, seconds=100.0)
        assert held_against_its_load(contender(name, scenario), scenario, users, window) == Judgement(bound, [])


def test_no_pool_lets_more_through_than_it_can() -> None:
    window = measured(400, 400 / 211, seconds=100.0)
    assert held_against_its_load(contender("aiohttp", "query"), "query", 400, window).doubts == [
        "throughput is 1.05 of what the model allows at the most"
    ]


@pytest.mark.parametrize(
    ("scenario", "name", "users", "connections", "bound"),
    [
        ("query", "aiohttp", 20, [16, 4], "database pool, unevenly shared (16 of 20 users on 10 of 20)"),
        ("query", "flask-threads", 20, [4, 16], "database pool, unevenly shared (16 of 20 users on 10 of 20)"),
        ("query", "flask-gevent", 20, [16, 4], "database pool, unevenly shared (16 of 20 users on 10 of 20)"),
        ("fetch", "aiohttp", 20, [16, 4], "upstream pool, unevenly shared (16 of 20 users on 10 of 20)"),
        ("offload", "aiohttp", 64, [50, 14], "threads, unevenly shared (50 of 64 users on 32 of 64)"),
        ("blocking", "aiohttp", 2, [2, 0], "event loops, unevenly shared (2 of 2 users on 1 of 2)"),
        ("query", "aiohttp", 20, [10, 10], "unexplained"),
        ("query", "aiohttp", 20, None, "unexplained"),
        ("query", "flask", 5, [5, 0, 0, 0, 0], "unexplained"),  # whose connections end with each request
        ("delay", "aiohttp", 20, [20, 0], "unexplained"),  # of which nothing can stand idle
    ],
)
def test_whatever_stands_idle_in_one_process_explains_a_queue_at_another(
    scenario: str, name: str, users: int, connections: list[int] | None, bound: str
) -> None:
    window = measured(users, 0.1 / 0.75, seconds=20.0, connections=connections)
    judgement = held_against_its_load(contender(name, scenario), scenario, users, window)
    assert judgement.bound == bound
    assert bool(judgement.doubts) == (bound == "unexplained")


@pytest.mark.parametrize("connections", [[4, 4, 0, 0], [2, 2, 2, 2]])
def test_cores_are_no_process_s_own_and_cannot_be_shared_unevenly(connections: list[int]) -> None:
    demand = Demand(0.1, (Limit("cores", 2, 0.1),))
    four = contender("aiohttp", "cpu", processes=4, demand=demand)
    window = measured(8, 0.8, connections=connections)
    judgement = judged(window, 8, foretold(Closed(8), demand), four, scenario="cpu")
    assert judgement.bound == "unexplained"


@pytest.mark.parametrize("succeeded", [0, 1, 25])
def test_a_deadlock_is_what_was_found_and_no_doubt(succeeded: int) -> None:
    window = stuck("flask", 5, succeeded).measured
    assert window is not None
    assert window.requests == 50
    assert held_against_its_load(contender("flask", "ask"), "ask", 5, window) == Judgement("deadlock", [])


@pytest.mark.parametrize("succeeded", [26, 49, 50])
def test_where_most_succeed_a_deadlock_was_foretold_in_vain(succeeded: int) -> None:
    window = stuck("flask", 5, succeeded).measured
    assert window is not None
    assert held_against_its_load(contender("flask", "ask"), "ask", 5, window) == Judgement(
        "unexplained",
        [
            *([f"{50 - succeeded} of 50 requests failed"] if succeeded < 50 else []),
            f"{50 - succeeded} of 50 requests failed where all were to be stuck",
        ],
    )


def test_failures_without_a_deadlock_foretold_are_a_doubt_of_askers_too() -> None:
    window = measured(4, failures=200, errors={"status 504": 200})
    judgement = held_against_its_load(contender("flask", "ask"), "ask", 4, window)
    assert judgement.bound == "unexplained"
    assert "200 of 400 requests failed" in judgement.doubts


def test_a_deadlock_in_which_everything_hangs_is_still_doubted_for_what_was_not_seen() -> None:
    hung = measured(5, requests=0, response_ms=0.0, latency={}, unfinished=5)
    assert held_against_its_load(contender("flask", "ask"), "ask", 5, hung) == Judgement(
        "deadlock",
        [
            "only 0 requests were answered in the window",
            "5 requests hung for the whole window",
            "Little's law misses 5.0 of 5 users, more than 0.2",
        ],
    )


@pytest.mark.parametrize(
    ("requests", "doubts"),
    [
        (50, []),
        (54, []),  # five who gave up together just before the window closed, of whom one opened it
        (58, ["Little's law misses -0.8 of 5 users, more than 0.8"]),
        (42, ["Little's law misses 0.8 of 5 users, more than 0.8"]),
    ],
)
def test_an_edge_of_the_window_may_cut_all_who_give_up_together(requests: int, doubts: list[str]) -> None:
    gave_up = {"status 504 where 200 was promised": requests}
    window = measured(5, 1.0, requests=requests, failures=requests, response_ms=requests * 1000.0, errors=gave_up)
    assert held_against_its_load(contender("flask", "ask"), "ask", 5, window) == Judgement("deadlock", doubts)


@pytest.mark.parametrize("name", ["flask", "flask-threads", "aiohttp"])
@pytest.mark.parametrize(("share", "mixes"), [(1.0, False), (0.91, False), (0.89, True), (0.51, True)])
def test_a_mixed_day_below_its_ceiling_is_the_mix_and_no_doubt(name: str, share: float, mixes: bool) -> None:
    service = contender(name, "mixed")
    assert service.demand is not None
    model = foretold(Closed(400), service.demand)
    window = measured(400, 400 / model.throughput / share, seconds=100.0)
    assert judged(window, 400, model, service, scenario="mixed") == Judgement("the mix" if mixes else model.bound, [])


def test_a_mixed_day_far_below_its_ceiling_is_not_explained_by_the_mix() -> None:
    service = contender("aiohttp", "mixed")
    assert service.demand is not None
    window = measured(10, service.demand.wait / 0.4, seconds=100.0)
    assert judged(window, 10, foretold(Closed(10), service.demand), service, scenario="mixed").bound == "unexplained"


def test_an_outage_is_not_taken_for_the_deadlock_that_was_foretold() -> None:
    broken = measured(10, 0.01, errors={"status 500 where 200 was promised": 9000}, requests=9000, failures=9000)
    judgement = held_against_its_load(contender("flask", "ask"), "ask", 10, broken)
    assert judgement.bound == "unexplained"
    assert "9000 of 9000 requests failed" in judgement.doubts


def test_a_mixed_day_above_its_ceiling_is_a_doubt() -> None:
    service = contender("aiohttp", "mixed")
    assert service.demand is not None
    window = measured(10, service.demand.wait / 1.1)
    assert judged(window, 10, foretold(Closed(10), service.demand), service, scenario="mixed").doubts == [
        "throughput is 1.10 of what the model allows at the most"
    ]


@pytest.mark.parametrize(
    ("model", "bound"),
    [
        (None, "users"),
        (Predicted(throughput=100.0, response=0.1, bound="users"), "users"),
        (Predicted(throughput=200.0, response=0.1, bound="users"), "its own limit"),
    ],
)
def test_a_disk_has_a_limit_of_its_own_and_is_held_against_its_first_users_alone(
    model: Predicted | None, bound: str
) -> None:
    disk = contender("aiohttp", "file")
    assert judge(Closed(10), model, measured(10), disk, "file") == Judgement(bound, [])


@pytest.mark.parametrize(
    ("generator_cpu", "doubts"),
    [(0.1, ["the machine was saturated (99% of all cores)"]), (0.094, [])],
)
def test_a_machine_that_a_service_fills_alone_is_not_disturbed_by_its_generator(
    generator_cpu: float, doubts: list[str]
) -> None:
    window = slower(0.5, machine_cpu=0.99, server_cpu=1.89, busiest_cpu=0.95, generator_cpu=generator_cpu)
    assert judged(window) == Judgement("CPU", doubts)
