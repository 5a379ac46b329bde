import random
from collections.abc import Sequence
from typing import Any

import pytest

from loadtest.results.schema import Contender, Measured, Predicted, Slice, Switches
from loadtest.verdict.judge import Judgement, judge
from loadtest.workload.closed import Closed
from loadtest.workload.demand import CPU, Demand, Limit
from tests.loadtest.support.fabricated import (
    calibration,
    contender,
    foretold,
    measured,
    predicted,
    service_times,
    stuck,
    use,
)

SATURATED = (
    "the load generator was saturated ({}% of a core); {number} load generators with a core each "
    "(--generators {number}), or fewer users, would lift that"
)

UNEVEN_POOL = "database pool, unevenly shared (one process had 16 of 20 users and 10 of 20 connections)"


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
    """Return a window of ten users with `share` of the predicted throughput, because requests take longer."""
    return measured(10, 0.1 / share, **changes)


def test_a_clean_step_has_no_doubts() -> None:
    assert judged(measured(10)) == Judgement("users", [])


@pytest.mark.parametrize(
    ("window", "doubt"),
    [
        (measured(10, generator_cpu=0.9), SATURATED.format(90, number=2)),
        (measured(10, machine_cpu=0.95), "the machine was saturated (95% of all cores)"),
        (measured(10, stolen_cpu=0.051), "other virtual machines on the host took 5% of the CPU"),
        (measured(10, throttled=0.11), "a CPU quota held the processes back for 0.11 s in the window"),
        (measured(10, failures=11, errors={"status 500": 11}), "11 of 1000 requests failed"),
        (measured(10, died=1), "1 service process died during the window"),
        (measured(10, died=2), "2 service processes died during the window"),
        (measured(10, unfinished=1), "1 request hung for the whole window"),
        (
            measured(10, resent=11),
            "requests were sent again 11 times, because the service closed the connection unanswered",
        ),
        (measured(10, response_ms=50_000), "concurrency is 5.0 users instead of 10 (Little's law, tolerance 0.5)"),
        (measured(10, response_ms=150_000), "concurrency is 15.0 users instead of 10 (Little's law, tolerance 0.5)"),
        (measured(11), "throughput is 1.10 times the predicted maximum"),
    ],
)
def test_each_doubt_is_one_sentence(window: Measured, doubt: str) -> None:
    users = 11 if window.requests == 1100 else 10
    assert judged(window, users, predicted(10)).doubts == [doubt]


def course(responses: Sequence[float], requests: int | Sequence[int] = 60) -> list[Slice]:
    """Return sixteen slices of a second with these mean response times (ms), the last of which is repeated."""
    times = [*responses, *[responses[-1]] * (16 - len(responses))]
    counts = [requests] * 16 if isinstance(requests, int) else requests
    return [Slice(seconds=1.0, requests=n, response_ms=n * ms) for n, ms in zip(counts, times, strict=True)]


@pytest.mark.parametrize(
    ("slices", "doubt"),
    [
        (course([100] * 8 + [200]), "not steady: the mean response time went from 100 ms to 200 ms during the window"),
        (course([200] * 8 + [100]), "not steady: the mean response time went from 200 ms to 100 ms during the window"),
        (
            course([100 + 6 * each for each in range(16)]),
            "not steady: the mean response time went from 115 ms to 175 ms during the window",
        ),
        (
            course([100], requests=[90] * 8 + [45] * 8),
            "not steady: the rate of requests went from 90.0/s to 45.0/s during the window",
        ),
    ],
    ids=["slower", "faster", "slowly", "fewer"],
)
def test_a_window_in_which_something_drifts_is_not_steady(slices: list[Slice], doubt: str) -> None:
    assert judged(measured(10, course=slices)).doubts == [doubt]


@pytest.mark.parametrize(
    "slices",
    [
        None,
        course([100]),
        course([100] * 8 + [128]),  # up to the threshold
        course([100] * 5 + [220] + [100] * 5 + [200]),  # one slow slice is no drift
        course([100] * 8 + [200], requests=4),  # too few requests
        course([100] * 8 + [200])[:11],
    ],
    ids=["unknown", "steady", "little", "mixed", "few", "short"],
)
def test_what_may_be_chance_is_no_drift(slices: list[Slice] | None) -> None:
    assert judged(measured(10, course=slices)).doubts == []


@pytest.mark.parametrize(
    ("users", "spread", "most"),
    [(400, 0.05, 0), (64, 0.05, 0), (64, 1.0, 5)],
    ids=["the default's 400 users", "the default's 64 users", "any time from 0 to twice the mean"],
)
def test_steady_windows_raise_no_alarm(users: int, spread: float, most: int) -> None:
    chance, alarms = random.Random(13), 0
    for _ in range(300 if users < 100 else 50):  # windows of a second, with a wait of 250 ms
        counts, sums = [0] * 16, [0.0] * 16
        for _user in range(users):
            clock = -1.0 - chance.random() / 4
            while clock < 1:
                took = 0.25 * chance.uniform(1 - spread, 1 + spread)
                clock += took
                if 0 <= clock < 1:
                    counts[int(clock * 16)] += 1
                    sums[int(clock * 16)] += took * 1000
        slices = [Slice(seconds=1 / 16, requests=n, response_ms=ms) for n, ms in zip(counts, sums, strict=True)]
        alarms += bool(judged(measured(10, course=slices)).doubts)
    assert alarms <= most


def test_a_service_that_is_slow_without_a_reason_is_unexplained() -> None:
    assert judged(slower(0.5)) == Judgement(
        "unexplained",
        [
            "throughput is 0.50 times the prediction, and no measured figure explains why "
            "(the machine was 20% busy; the prediction leaves out CPU time)"
        ],
    )


def test_too_few_requests_are_a_doubt() -> None:
    assert judged(measured(1, seconds=0.9), 1).doubts == ["only 9 requests completed in the window (10 needed)"]
    assert judged(measured(1, seconds=1.0), 1).doubts == []


def test_a_window_shorter_than_the_queue_is_a_doubt() -> None:
    model = Predicted(throughput=100 / 6, response=6.0, bound="slots")
    assert judged(measured(100, response=6.0, seconds=10.4), 100, model).doubts == [
        "the window (10.4 s) is too short for response times of 6.0 s"
    ]
    assert judged(measured(100, response=6.0, seconds=10.5), 100, model).doubts == []


def test_a_hung_service_is_never_nothing_failed() -> None:
    hung = measured(10, requests=0, response_ms=0.0, latency={}, unfinished=10)
    assert judged(hung).doubts == [
        "only 0 requests completed in the window (10 needed)",
        "10 requests hung for the whole window",
        "concurrency is 0.0 users instead of 10 (Little's law, tolerance 0.5)",
        "throughput is 0.00 times the prediction, and no measured figure explains why "
        "(the machine was 20% busy; the prediction leaves out CPU time)",
    ]


def test_a_step_that_a_quota_held_back_is_bound_by_the_cpu() -> None:
    assert judged(slower(0.5, throttled=5.0)) == Judgement(
        "CPU", ["a CPU quota held the processes back for 5.00 s in the window"]
    )


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
        measured(10, throttled=0.1),
        measured(10, failures=10),
        measured(10, resent=10, reconnected=500),
        measured(10, response_ms=96_000),
        slower(0.905),
    ],
)
def test_up_to_its_threshold_nothing_is_doubted(window: Measured) -> None:
    assert judged(window).doubts == []


def test_users_who_think_are_accounted_for() -> None:
    thinking = measured(10, response=1.0)  # including 0.9 s of think time
    window = thinking.model_copy(update={"response_ms": thinking.requests * 100.0})
    assert judged(window, model=predicted(10, think=0.9), think=0.9) == Judgement("users", [])
    assert judged(window, model=predicted(10, think=0.9), think=0.0).doubts == [
        "concurrency is 1.0 users instead of 10 (Little's law, tolerance 0.5)"
    ]


def test_the_edges_of_a_short_window_may_cut_one_request() -> None:
    window = measured(1, seconds=1.0)
    assert judged(window.model_copy(update={"response_ms": 900.0}), 1).doubts == []
    assert judged(window.model_copy(update={"response_ms": 800.0}), 1).doubts == [
        "concurrency is 0.8 users instead of 1 (Little's law, tolerance 0.1)"
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
        ("flask-threads", [40, 24], "slots, unevenly shared (one process had 40 of 64 users and 32 of 64 slots)"),
        ("flask-threads", [0, 64], "slots, unevenly shared (one process had 64 of 64 users and 32 of 64 slots)"),
        ("flask-threads", [32, 32], "unexplained"),
        ("flask-threads", [], "unexplained"),
        ("flask-threads", None, "unexplained"),
        ("flask", [3, 0, 0, 0, 0], "unexplained"),  # connections end with each request
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


def test_gthread_workers_of_one_thread_keep_their_connections_and_may_share_them_unevenly() -> None:
    window = measured(5, 0.1 / 0.4, connections=[4, 1, 0, 0, 0])
    service = contender("flask", command=["serve", "--worker-class", "gthread", "--threads", "1"])
    bound = judged(window, 5, predicted(5, 5), service).bound
    assert bound == "slots, unevenly shared (one process had 4 of 5 users and 1 of 5 slots)"
    assert judged(window, 5, predicted(5, 5), contender("flask")).bound == "unexplained"


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
        "throughput is 1.05 times the predicted maximum"
    ]


@pytest.mark.parametrize(
    ("scenario", "name", "users", "connections", "bound"),
    [
        ("query", "aiohttp", 20, [16, 4], UNEVEN_POOL),
        ("query", "flask-threads", 20, [4, 16], UNEVEN_POOL),
        ("query", "flask-gevent", 20, [16, 4], UNEVEN_POOL),
        (
            "fetch",
            "aiohttp",
            20,
            [16, 4],
            "upstream pool, unevenly shared (one process had 16 of 20 users and 10 of 20 connections)",
        ),
        (
            "offload",
            "aiohttp",
            64,
            [50, 14],
            "threads, unevenly shared (one process had 50 of 64 users and 32 of 64 threads)",
        ),
        (
            "blocking",
            "aiohttp",
            2,
            [2, 0],
            "event loops, unevenly shared (one process had 2 of 2 users and 1 of 2 event loops)",
        ),
        ("query", "aiohttp", 20, [10, 10], "unexplained"),
        ("query", "aiohttp", 20, None, "unexplained"),
        ("query", "flask", 5, [5, 0, 0, 0, 0], "unexplained"),  # connections end with each request
        ("delay", "aiohttp", 20, [20, 0], "unexplained"),  # no limit, so nothing can be idle
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
    demand = Demand(0.0, (Limit(CPU, 2, 0.1),))
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
            f"the predicted deadlock did not occur ({50 - succeeded} of 50 requests failed)",
        ],
    )


def test_only_unexpected_failures_of_a_deadlock_are_doubted() -> None:
    errors = {"status 504 instead of 200": 45, "status 500 instead of 200": 5}
    window = measured(5, 1.0, requests=50, failures=50, response_ms=50_000.0, errors=errors)
    judgement = held_against_its_load(contender("flask", "ask"), "ask", 5, window)
    assert judgement == Judgement("deadlock", ["5 of 50 requests failed"])


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
            "only 0 requests completed in the window (10 needed)",
            "5 requests hung for the whole window",
            "concurrency is 0.0 users instead of 5 (Little's law, tolerance 0.2)",
        ],
    )


@pytest.mark.parametrize(
    ("requests", "doubts"),
    [
        (50, []),
        (54, []),  # five requests timed out together just before the window closed, one of which closed it
        (58, ["concurrency is 5.8 users instead of 5 (Little's law, tolerance 0.8)"]),
        (42, ["concurrency is 4.2 users instead of 5 (Little's law, tolerance 0.8)"]),
    ],
)
def test_an_edge_of_the_window_may_cut_all_who_give_up_together(requests: int, doubts: list[str]) -> None:
    gave_up = {"status 504 instead of 200": requests}
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
    broken = measured(10, 0.01, errors={"status 500 instead of 200": 9000}, requests=9000, failures=9000)
    judgement = held_against_its_load(contender("flask", "ask"), "ask", 10, broken)
    assert judgement.bound == "unexplained"
    assert "9000 of 9000 requests failed" in judgement.doubts


def test_a_mixed_day_above_its_ceiling_is_a_doubt() -> None:
    service = contender("aiohttp", "mixed")
    assert service.demand is not None
    window = measured(10, service.demand.wait / 1.1)
    assert judged(window, 10, foretold(Closed(10), service.demand), service, scenario="mixed").doubts == [
        "throughput is 1.10 times the predicted maximum"
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


def test_a_neighbour_beside_the_load_generator_is_a_doubt_of_a_deadlock_and_not_what_bound_it() -> None:
    window = stuck("flask", 5).measured
    assert window is not None
    crowded = window.model_copy(update={"service_cores": use(0.5), "other_cores": use(1.0)})
    assert held_against_its_load(contender("flask", "ask"), "ask", 5, crowded) == Judgement(
        "deadlock",
        [FULL_OF_NEIGHBOURS],
    )


NONE_LEFT = Predicted(throughput=0.0, response=0.1, bound="slow clients")


def test_a_service_whose_slots_slow_clients_hold_is_blocked_if_no_request_succeeds() -> None:
    silent = measured(10, requests=0, failures=0, response_ms=0.0, latency={}, unfinished=10)
    assert judged(silent, model=NONE_LEFT, service=contender("flask"), scenario="slow-clients") == Judgement(
        "slow clients", []
    )


def test_a_blocked_service_that_answers_is_inconclusive() -> None:
    found = judged(measured(10), model=NONE_LEFT, service=contender("flask"), scenario="slow-clients")
    assert found == Judgement("unexplained", ["the slow clients left room for 1000 requests, and none was predicted"])


@pytest.mark.parametrize("generator_cpu", [0.1, 0.95])
def test_a_blocked_service_is_blocked_however_full_the_other_cores_are(generator_cpu: float) -> None:
    silent = measured(10, requests=0, failures=0, response_ms=0.0, latency={}, unfinished=10)
    crowded = silent.model_copy(update={"other_cores": use(1.0), "generator_cpu": generator_cpu})
    found = judged(crowded, model=NONE_LEFT, service=contender("flask"), scenario="slow-clients")
    assert found.bound == "slow clients"
    assert found.doubts


ALONE = "; computed, not measured: by its CPU time the service alone would carry about "

FULL = "the cores of everything but the service were full, mostly of {}; more cores would lift that"
FULL_OF_NEIGHBOURS = (
    "the cores of everything but the service were full, mostly of other processes; a quiet machine would lift that"
)


def apart(
    service: float = 0.5, others: float = 0.3, cores: int = 1, users: int = 10, share: float = 1.0, **changes: Any
) -> Measured:
    """Return a window in which the service used `service` of `cores` cores of its own, and all else `others` of one.

    `users` users were answered after a tenth of a second, or at `share` of that throughput.
    """
    known = {
        "server_cpu": service,
        "busiest_cpu": 0.25,
        "generator_cpu": 0.3,
        "service_cores": use(service, cores),
        "other_cores": use(others),
    }
    return measured(users, 0.1 / share, **{**known, **changes})


def judged_by_calibration(
    window: Measured, users: int, name: str = "aiohttp", scenario: str = "delay", **measured_before: float
) -> Judgement:
    service = contender(name, scenario, calibration(**measured_before))
    return held_against_its_load(service, scenario, users, window)


@pytest.mark.parametrize(
    "window",
    [
        apart(0.9),
        apart(0.99, machine_cpu=1.0, others=0.94, generator_cpu=0.89),
        apart(1.8, cores=2),
        apart(0.5, cores=2, busiest_cpu=0.9),
        apart(0.9, share=0.5),
        apart(0.9, share=0.5, service_cores=use(1.0)),  # a neighbour that takes no more than it may
    ],
)
def test_a_service_that_fills_its_own_cores_is_bound_by_the_cpu_and_no_doubt(window: Measured) -> None:
    assert judged(window) == Judgement("CPU", [])


@pytest.mark.parametrize(
    "window",
    [
        apart(0.89),
        apart(1.79, cores=2),
        apart(0.5, cores=2, busiest_cpu=0.89),
        apart(0.5, machine_cpu=1.0),  # the cores of the service are not full
        measured(10, server_cpu=1.0, machine_cpu=0.949),  # on shared cores, no more is known
    ],
)
def test_a_service_with_cpu_time_left_is_not_bound_by_it(window: Measured) -> None:
    assert judged(window) == Judgement("users", [])


def test_a_load_generator_that_fills_its_core_bound_the_step_and_not_the_service() -> None:
    window = apart(0.9, others=1.0, generator_cpu=0.95, share=0.5)
    assert judged(window) == Judgement("generator", [SATURATED.format(95, number=4)])


@pytest.mark.parametrize(
    ("others", "generator_cpu", "beside", "bound", "doubts"),
    [
        (0.97, 0.3, {"database": 0.6, "command": 0.05}, "database", [FULL.format("the database")]),
        (0.97, 0.3, {"upstream": 0.6, "command": 0.05}, "upstream", [FULL.format("the upstream")]),
        (0.97, 0.5, {"database": 0.4, "command": 0.05}, "generator", [FULL.format("the load generator")]),
        # the command is no part of what a request waits for
        (0.97, 0.3, {"database": 0.1, "command": 0.5}, "generator", [FULL.format("the load generator")]),
        (
            0.97,
            0.3,
            {"database": 0.2},
            "other processes",
            [FULL_OF_NEIGHBOURS],
        ),
        (0.949, 0.3, {"database": 0.6}, "users", []),
        (0.39, 0.3, {}, "users", []),
        (0.41, 0.3, {}, "users", ["other processes took 0.11 of the load generator's 1 core"]),
    ],
)
def test_whatever_fills_the_cores_of_everything_else_limits_the_measurement(
    others: float, generator_cpu: float, beside: dict[str, float], bound: str, doubts: list[str]
) -> None:
    window = apart(0.95, others, generator_cpu=generator_cpu, others_cpu=beside)
    if bound == "users":
        window = apart(0.5, others, generator_cpu=generator_cpu, others_cpu=beside)
    assert judged(window) == Judgement(bound, doubts)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("aiohttp", 5000),  # two processors, and 0.4 ms of CPU time for each request of the window
        ("flask-threads", 627),  # 64 slots, each held for 102 ms
    ],
)
def test_where_the_measurement_was_limited_a_figure_says_what_the_service_alone_would_carry(
    name: str, most: int
) -> None:
    window = apart(0.8, others=1.0, users=200, generator_cpu=0.95)
    assert window.requests == 20_000
    told = judged_by_calibration(window, 200, name)
    assert told.bound == "generator"
    assert told.doubts[0] == f"{SATURATED.format(95, number=2)}{ALONE}{most}/s"
    full = apart(0.8, others=1.0, users=200, generator_cpu=0.3, others_cpu={"database": 0.65})
    assert judged_by_calibration(full, 200, name).doubts[0] == f"{FULL.format('the database')}{ALONE}{most}/s"


@pytest.mark.parametrize(
    ("window", "bound", "doubts"),
    [
        (
            apart(0.5, share=0.5, service_cores=use(1.0)),
            "other processes",
            ["other processes took 0.50 of the service's 1 core"],
        ),
        (
            apart(0.85, share=0.8, service_cores=use(1.0)),
            "other processes",
            ["other processes took 0.15 of the service's 1 core"],
        ),
        (apart(0.5, service_cores=use(0.75)), "users", ["other processes took 0.25 of the service's 1 core"]),
        (
            apart(0.5, cores=2, service_cores=use(1.0, 2)),
            "users",
            ["other processes took 0.50 of the service's 2 cores"],
        ),
        (
            apart(0.5, others=1.0, share=0.5, service_cores=use(1.0)),
            "other processes",
            [
                FULL_OF_NEIGHBOURS,
                "other processes took 0.50 of the service's 1 core",
            ],
        ),
        (
            apart(0.5, others=0.7, share=0.5, service_cores=use(1.0)),
            "other processes",
            [
                "other processes took 0.50 of the service's 1 core",
                "other processes took 0.40 of the load generator's 1 core",
            ],
        ),
    ],
)
def test_a_neighbour_is_named_on_either_set_of_cores_and_never_taken_for_the_service(
    window: Measured, bound: str, doubts: list[str]
) -> None:
    assert judged(window) == Judgement(bound, doubts)


def test_a_neighbour_that_halves_a_service_bound_by_its_cpu_is_what_bound_it() -> None:
    model = Predicted(throughput=100.0, response=0.1, bound="CPU")
    window = apart(0.5, share=0.5, service_cores=use(1.0))
    assert judged(window, model=model).bound == "other processes"
    assert judged(apart(0.95, share=0.95), model=model) == Judgement("CPU", [])


@pytest.mark.parametrize(
    "window",
    [
        apart(0.5, service_cores=use(0.6)),
        apart(0.5, service_cores=use(0.95, interrupts=0.4)),
        apart(0.5, service_cores=use(0.55, stolen=0.04)),
        apart(0.5, service_cores=use(0.4)),  # clocks differ
        apart(0.5, cores=2, service_cores=use(0.7, 2)),
        apart(0.5, others=0.7, other_cores=use(0.7, interrupts=0.35)),
    ],
)
def test_interrupts_stolen_time_and_a_tenth_of_the_cores_are_no_neighbour(window: Measured) -> None:
    assert judged(window) == Judgement("users", [])


def test_on_the_cores_of_a_service_that_is_not_ours_nothing_is_known_of_neighbours() -> None:
    window = apart(0.0, server_cpu=None, busiest_cpu=None, service_cores=use(1.0), memory=None, connections=None)
    assert judge(Closed(10), None, window, contender("stranger"), "delay") == Judgement("users", [])


@pytest.mark.parametrize(
    ("share", "doubts"), [(0.1, []), (0.3, ["other processes took 30% of the cores during the calibration"])]
)
def test_a_neighbour_of_the_calibration_is_a_doubt_of_every_step(share: float, doubts: list[str]) -> None:
    window = measured(10, 0.1025)
    assert judged_by_calibration(window, 10, neighbours=share) == Judgement("users", doubts)


def slow_waits(share: float = 0.8, waited: float = 0.12, scenario: str = "delay", **changes: Any) -> Measured:
    """Return a window of 64 users with `share` of the prediction for calibrated threads, and these waits."""
    model = foretold(Closed(64), contender("flask-threads", scenario, calibration()).demand or Demand(0.1))
    window = measured(64, 64 / model.throughput / share, connections=[32, 32])
    return window.model_copy(update={"service_times": service_times(window.requests, waited=waited), **changes})


@pytest.mark.parametrize(
    ("switched", "told"),
    [
        (None, "bursts (waits took 120 ms, alone 101 ms)"),
        ((13, 1), "bursts (waits took 120 ms, alone 101 ms; 14.0 context switches per request)"),
    ],
)
def test_waits_that_end_together_are_bursts(switched: tuple[int, int] | None, told: str) -> None:
    window = slow_waits()
    if switched:
        counted = Switches(voluntary=switched[0] * window.requests, involuntary=switched[1] * window.requests)
        window = window.model_copy(update={"switches": counted})
    assert judged_by_calibration(window, 64, "flask-threads") == Judgement(told, [])


@pytest.mark.parametrize(
    ("window", "scenario"),
    [
        (slow_waits(waited=0.101), "delay"),
        (slow_waits(waited=0.106), "delay"),  # up to the threshold
        (slow_waits(share=0.5), "delay"),  # less than if every request queued behind all others
        (slow_waits(service_times=service_times(0)), "delay"),
        (slow_waits(scenario="query"), "query"),  # a longer wait may be one for the pool
    ],
    ids=["punctual", "hardly", "too slow", "untold", "pool"],
)
def test_what_bursts_do_not_explain_remains_unexplained(window: Measured, scenario: str) -> None:
    assert judged_by_calibration(window, 64, "flask-threads", scenario).bound == "unexplained"


def clustered(*requests: int) -> Measured:
    """Return a window as of `slow_waits`, with punctual waits, in whose slices these numbers of requests ended."""
    course = [Slice(seconds=0.1, requests=each, response_ms=100.0 * each) for each in requests]
    return slow_waits(waited=0.101, course=course)


def test_requests_that_end_in_clusters_are_bursts_although_their_waits_are_punctual() -> None:
    judgement = judged_by_calibration(clustered(*[0, 0, 0, 80] * 4), 64, "flask-threads")
    assert judgement.bound == "bursts (in one slice of the window 4.0 times as many requests ended as on average)"


@pytest.mark.parametrize("requests", [[20] * 16, [14, 26] * 8, [0] * 16], ids=["even", "by chance", "none"])
def test_requests_that_end_one_by_one_are_no_bursts(requests: list[int]) -> None:
    assert judged_by_calibration(clustered(*requests), 64, "flask-threads").bound == "unexplained"


def test_without_a_calibration_nothing_is_known_of_bursts() -> None:
    assert held_against_its_load(contender("flask-threads"), "delay", 64, slow_waits()).bound == "unexplained"


def costing(cost: float, rate: float) -> Measured:
    """Return a window of one user in which a request cost `cost` seconds of CPU time, at `rate` requests per second."""
    return measured(1, 1 / rate, server_cpu=cost * rate, busiest_cpu=cost * rate)


@pytest.mark.parametrize(
    ("cost", "rate", "bound"),
    [
        (0.04, 7, "costlier requests (40000 µs of CPU time each, 1000 µs by the calibration)"),
        (0.0015, 7, "unexplained"),  # half a millisecond more does not make a turn 30 ms longer
        (0.0009, 7, "unexplained"),
        (0.04, 9, "users"),  # the prediction is met
    ],
)
def test_requests_that_cost_more_than_at_the_calibration_explain_what_they_can(
    cost: float, rate: float, bound: str
) -> None:
    assert judged_by_calibration(costing(cost, rate), 1).bound == bound


def test_a_request_that_finds_an_idle_core_may_cost_what_it_cost_a_single_user() -> None:
    assert judged_by_calibration(costing(0.04, 7), 1, cpu_alone=0.05).bound == "unexplained"


@pytest.mark.parametrize(
    ("users", "rate", "doubts"),
    [
        (1000, 2280, []),  # bound by two processors at 2,000 a second
        (1000, 2400, ["throughput is 1.20 times the prediction: its calibration does not hold here"]),
        (10, 104, []),
        (10, 111, ["throughput is 1.11 times the predicted maximum"]),  # of ten users who wait a tenth of a second
    ],
)
def test_a_calibration_may_be_beaten_by_a_little_and_a_wait_not(users: int, rate: float, doubts: list[str]) -> None:
    assert judged_by_calibration(measured(users, users / rate), users).doubts == doubts


def test_what_is_unexplained_in_spite_of_a_calibration_is_told_as_such() -> None:
    service = contender("aiohttp", calibration=calibration())
    assert held_against_its_load(service, "delay", 10, measured(10, 0.1025 / 0.5)).doubts == [
        "throughput is 0.50 times the prediction, and no measured figure explains why (the machine was 20% busy)"
    ]


def test_a_control_that_waits_for_nothing_has_a_calibration_to_beat_and_no_maximum() -> None:
    told = judged_by_calibration(measured(10, 10 / 2400), 10, scenario="healthz", waited=0.0, delay=0.0, turn=0.0012)
    assert told.doubts == ["throughput is 1.20 times the prediction: its calibration does not hold here"]


def test_a_step_that_the_load_generator_was_predicted_to_limit_is_a_doubt_even_if_its_core_has_a_little_left() -> None:
    model = Predicted(throughput=100.0, response=0.1, bound="generator")
    window = apart(0.5, others=0.9, generator_cpu=0.89)
    assert judged(window, model=model) == Judgement(
        "generator",
        [
            "the load generator was predicted to be the limit; 2 load generators with a core each (--generators 2), "
            "or fewer users, would lift that"
        ],
    )


def test_a_step_that_the_calibrated_cpu_bound_is_conclusive() -> None:
    window = apart(0.97, users=1000, share=0.1)
    service = contender("aiohttp", calibration=calibration())
    model = Predicted(throughput=1000.0, response=1.0, bound="CPU")
    assert judged(window, 1000, model, service) == Judgement("CPU", [])


def test_a_target_beside_the_load_generator_is_no_neighbour_until_the_cores_are_full() -> None:
    beside: dict[str, Any] = {"all_ours": False, "generator_cpu": 0.3}
    assert judged(apart(0.5, others=0.8, **beside)).doubts == []
    full = judged(apart(0.5, others=0.97, **beside))
    assert full.bound == "other processes"
    assert full.doubts == [FULL_OF_NEIGHBOURS]


def test_a_target_with_a_busy_process_is_bound_by_the_cpu_unless_it_keeps_up_with_its_load() -> None:
    target = contender("mine")
    for share, busiest, shared, bound in (
        (1.0, 0.95, {}, "users"),  # it may use several cores
        (0.8, 0.95, {}, "CPU"),
        (0.8, 0.5, {}, "its own limit"),
        (0.8, 0.5, {"machine_cpu": 0.96, "server_cpu": 1.2}, "CPU"),
        (1.0, 0.5, {"machine_cpu": 0.96, "server_cpu": 1.2}, "users"),
    ):
        window = slower(share, busiest_cpu=busiest, all_ours=False, **shared)
        assert judged(window, service=target).bound == bound, (share, busiest, shared)
    alone = judge(Closed(1), None, measured(1, busiest_cpu=0.95), target, "own")
    assert alone.bound == "CPU"


def test_slots_serve_no_more_than_their_wait_allows_whatever_a_calibration_says() -> None:
    told = judged_by_calibration(measured(1000, 1000 / 700), 1000, "flask-threads")  # 64 slots, 0.1 s: 640 a second
    assert told.doubts == ["throughput is 1.09 times the predicted maximum"]


def test_a_window_without_a_request_has_no_cost_to_explain_it() -> None:
    window = apart(0.5).model_copy(update={"requests": 0, "failures": 0, "response_ms": 0.0, "latency": {}})
    told = judged_by_calibration(window, 10)
    assert told.bound == "unexplained"
    assert "only 0 requests completed in the window (10 needed)" in told.doubts
