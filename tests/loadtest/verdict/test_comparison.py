import re
from collections.abc import Sequence
from typing import Any

import pytest

from loadtest.results.schema import Measured, Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.comparison import compared
from loadtest.verdict.comparison import conclusive as is_conclusive
from loadtest.verdict.comparison import verdict as sentences_of
from loadtest.workload.closed import Closed
from tests.loadtest.support.fabricated import calibration, contender, measured, not_run, results, step, stuck


def verdict(run: Results) -> list[str]:
    return sentences_of(run, rows(run)).sentences


def conclusive(run: Results) -> bool:
    return is_conclusive(run, rows(run))


RUN = [
    *(step("flask", users) for users in (1, 50)),
    not_run("flask", 400),
    *(step("flask-threads", users) for users in (1, 50, 400)),
    *(step("aiohttp", users) for users in (1, 50, 400)),
]
"""The steps of a run in which every step matches its prediction."""


def replaced(steps: Sequence[Step], *others: Step) -> list[Step]:
    """Return the steps, with each step replaced by the other step of the same service and users, if any."""
    places = {(other.service, other.load.amount): other for other in others}
    return [places.get((each.service, each.load.amount), each) for each in steps]


def about(results: Results, *words: str) -> list[str]:
    return [sentence for sentence in verdict(results) if all(word in sentence for word in words)]


def test_a_whole_run_reads_like_this() -> None:
    assert verdict(results(RUN)) == [
        "flask keeps up with 1 user and has slots for 5; at 50 users requests wait for a worker: 50.0/s, median 1.0 s.",
        "flask-threads keeps up with 50 users and has slots for 64; at 400 users requests wait for a worker: "
        "640.0/s, median 625 ms.",
        "aiohttp keeps up with 400 users, the highest load tried.",
        "At 1 user throughput is equal within 5%: aiohttp, flask and flask-threads reach 10.0 requests/s.",
        "At 400 users aiohttp serves 6.2 times as many requests as flask-threads: 4000/s against 640/s.",
        "CPU time per request at 400 users: flask-threads 781 µs, aiohttp 125 µs.",
    ]
    assert conclusive(results(RUN))


@pytest.mark.parametrize(
    ("slower", "sentence"),
    [
        (0.1, "At 1 user throughput is equal within 5%: aiohttp and flask reach 10.0 requests/s."),
        (0.105, "At 1 user throughput is equal within 5%: aiohttp and flask reach 9.5 to 10.0 requests/s."),
        (0.111, "At 1 user throughput ranges from 9.0/s (flask) to 10.0/s (aiohttp)."),
    ],
)
def test_at_few_users_it_says_whether_there_is_a_difference(slower: float, sentence: str) -> None:
    steps = [step("flask", 1, slower), step("aiohttp", 1), step("flask", 50), step("aiohttp", 50)]
    assert sentence in verdict(results(steps))


def test_one_number_of_users_is_told_once() -> None:
    assert verdict(results([step("flask", 1), step("aiohttp", 1)])) == [
        "flask keeps up with 1 user, the highest load tried.",
        "aiohttp keeps up with 1 user, the highest load tried.",
        "At 1 user throughput is equal within 5%: aiohttp and flask reach 10.0 requests/s.",
        "CPU time per request at 1 user: flask 50000 µs, aiohttp 50000 µs.",
    ]


def test_services_that_are_left_behind_as_far_are_told_together() -> None:
    names = ("flask", "flask-threads", "flask-async", "django", "sanic", "aiohttp")
    assert compared(rows(results([step(name, users) for name in names for users in (1, 400)]))) == [
        "At 400 users aiohttp and sanic serve 6.2 times as many requests as flask-threads and django, 80.0 times as "
        "many requests as flask and flask-async: 4000/s against 640/s and 50/s."
    ]


def test_services_that_lead_almost_equally_are_compared_by_their_range() -> None:
    alike = [step("flask-threads", 400), step("flask-gevent", 400, 0.102), step("aiohttp", 400)]
    assert compared(rows(results([step("flask-threads", 1), *alike]))) == [
        "At 400 users aiohttp and flask-gevent serve 6.1 to 6.2 times as many requests as flask-threads: "
        "3922 to 4000/s against 640/s."
    ]


@pytest.mark.parametrize(
    ("doubtful", "sentence"),
    [
        ([], "At 400 users aiohttp serves 6.2 times as many requests as flask-threads: 4000/s against 640/s."),
        (
            [("aiohttp", 400)],
            "At 50 users aiohttp and flask-threads serve 10.0 times as many requests as flask: 500/s against 50/s.",
        ),
        (
            [("aiohttp", 400), ("flask", 50)],
            "At 50 users throughput is equal within 5%: aiohttp and flask-threads reach 500.0 requests/s.",
        ),
        (
            [("flask-threads", 400), ("aiohttp", 50)],
            "At 50 users flask-threads serves 10.0 times as many requests as flask: 500/s against 50/s.",
        ),
    ],
)
def test_the_ratio_is_told_at_the_most_users_that_can_be_trusted(
    doubtful: list[tuple[str, int]], sentence: str
) -> None:
    doubted = [step(service, users, doubts=["so"]) for service, users in doubtful]
    assert sentence in verdict(results(replaced(RUN, *doubted)))


@pytest.mark.parametrize(
    "case", [each for each in RUN if each.measured], ids=lambda case: f"{case.service}-{case.load.users}"
)
def test_an_inconclusive_row_is_no_result_in_any_sentence_but_its_own(case: Step) -> None:
    telltale = measured(requests=77_777, response_ms=1.0, latency={7777.0: 77_777}, server_cpu=6.0448)
    doubted = case.model_copy(update={"measured": telltale, "doubts": ["it cannot be", "nor that"]})
    run = results(replaced(RUN, doubted))
    users = "1 user" if case.load.amount == 1 else f"{case.load.amount} users"
    own = f"{case.service} is inconclusive at {users}: it cannot be; nor that."
    sentences = verdict(run)
    assert sentences.count(own) == 1
    named = re.compile(rf"(?<![\w-]){case.service}(?![\w-])")
    headline = sentences_of(run, rows(run)).headline
    assert "777" not in headline
    for sentence in (each for each in sentences if each != own):
        assert "777" not in sentence
        assert "7.8" not in sentence
        assert not (named.search(sentence) and re.search(rf"\b{users}\b", sentence))
    assert not conclusive(run)


def test_repeats_that_disagree_are_inconclusive() -> None:
    run = results([step("flask", 1), step("aiohttp", 1), step("aiohttp", 1, 0.2, repeat=2)])
    assert "aiohttp is inconclusive at 1 user: the repeats disagree (5.0/s to 10.0/s)." in verdict(run)
    assert about(run, "At 1 user") == []
    assert not conclusive(run)


def test_an_interrupted_run_says_so_and_keeps_what_it_has() -> None:
    run = results(RUN[:4], complete=False)
    assert verdict(run)[-1] == "The run was interrupted. Only the steps measured until then are shown."
    assert about(run, "At 1 user throughput is equal")
    assert not conclusive(run)


@pytest.mark.parametrize(
    ("steps", "complete", "expected"),
    [
        (RUN, True, True),
        (RUN, False, False),
        ([step("aiohttp", 1)], True, True),
        ([step("aiohttp", 1, doubts=["so"])], True, False),
        ([step("aiohttp", 1), step("aiohttp", 50, doubts=["so"])], True, False),
        ([step("flask", 50), not_run("flask", 400)], True, True),
        ([], True, False),
    ],
)
def test_a_run_is_conclusive_where_it_is_complete_and_all_that_was_measured_holds(
    steps: list[Step], complete: bool, expected: bool
) -> None:
    assert conclusive(results(steps, complete=complete)) == expected


def test_slots_that_do_not_carry_what_they_should_are_named() -> None:
    uneven = step(
        "flask-threads", 400, 1.0, bound="slots, unevenly shared (one process had 300 of 400 users and 32 of 64 slots)"
    )
    run = results([step("flask-threads", 50), uneven])
    assert verdict(run)[0] == (
        "flask-threads keeps up with 50 users and has slots for 64; at 400 users it reaches 400.0/s, "
        "median 1.0 s, bound by slots, unevenly shared (one process had 300 of 400 users and 32 of 64 slots)."
    )


def test_users_who_think_share_the_slots() -> None:
    run = results([step("flask", users, think=0.9) for users in (1, 50, 200)])
    assert verdict(run)[0] == (
        "flask keeps up with 50 users and has slots for 50; at 200 users requests wait for a worker: 50.0/s, "
        "median 3.1 s."
    )


def test_a_service_that_runs_out_of_cpu_keeps_up_until_then() -> None:
    run = results([step("aiohttp", 1), step("aiohttp", 50), step("aiohttp", 400, 0.2, bound="CPU")])
    assert verdict(run)[0] == (
        "aiohttp keeps up with 50 users; at 400 users it reaches 2000.0/s, median 200 ms, bound by CPU."
    )


def test_a_service_that_falls_short_below_its_slots_is_not_said_to_keep_up() -> None:
    short = step(
        "flask-threads", 64, 0.12, bound="slots, unevenly shared (one process had 42 of 64 users and 32 of 64 slots)"
    )
    run = results([step("flask-threads", 10), short, step("flask-threads", 400)])
    assert verdict(run)[0] == (
        "flask-threads keeps up with 10 users and has slots for 64; at 64 users it reaches 533.3/s, "
        "median 120 ms, bound by slots, unevenly shared (one process had 42 of 64 users and 32 of 64 slots)."
    )


def test_a_run_that_failed_says_what_failed() -> None:
    run = results(RUN[:4], complete=False).model_copy(update={"failure": "The load generator has exited."})
    assert verdict(run)[-1] == (
        "The run failed: The load generator has exited. Only the steps measured until then are shown."
    )


def test_a_service_that_is_not_ours_is_held_against_its_own_first_step() -> None:
    steps = [*(step("stranger", users) for users in (1, 400)), *(step("flask-threads", users) for users in (1, 400))]
    run = results(steps)
    assert about(run, "stranger keeps up with 400 users, the highest load tried")
    assert about(run, "At 400 users stranger serves 6.2 times as many requests as flask-threads")


def test_a_run_with_nothing_in_it_has_nothing_to_say() -> None:
    assert verdict(results([]).model_copy(update={"contenders": [contender("flask")]})) == []


def through_pools(scenario: str, *names: str, users: tuple[int, ...] = (1, 20, 400)) -> Results:
    return results([step(name, count, scenario=scenario) for name in names for count in users], scenario=scenario)


def test_a_run_that_one_pool_binds_reads_like_this() -> None:
    assert verdict(through_pools("query", "flask-threads", "aiohttp"))[:5] == [
        "flask-threads keeps up with 20 users and has 20 connections in its database pool; "
        "at 400 users it reaches 200.0/s, median 2.0 s, bound by its database pool.",
        "aiohttp keeps up with 20 users and has 20 connections in its database pool; "
        "at 400 users it reaches 200.0/s, median 2.0 s, bound by its database pool.",
        "At 1 user throughput is equal within 5%: aiohttp and flask-threads reach 10.0 requests/s.",
        "At 400 users throughput is equal within 5%: aiohttp and flask-threads reach 200.0 requests/s.",
        "At 400 users aiohttp and flask-threads are bound by their database pools, blocking or not: a coroutine waits "
        "more cheaply than a thread, but does not make the database faster.",
    ]
    assert conclusive(through_pools("query", "flask-threads", "aiohttp"))


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (through_pools("fetch", "flask-threads", "aiohttp"), "aiohttp and flask-threads are bound by their upstream"),
        (through_pools("query", "flask-threads", "flask-gevent"), "flask-gevent and flask-threads are bound by their"),
        (through_pools("query", "flask-gevent", "aiohttp"), None),  # neither service is blocking
        (through_pools("query", "flask", "aiohttp"), None),  # flask is bound by its slots
        (through_pools("query", "flask-threads", "aiohttp", users=(1, 20)), None),
        (through_pools("delay", "flask-threads", "aiohttp"), None),
    ],
)
def test_pools_are_told_of_where_they_bind_both_kinds(run: Results, told: str | None) -> None:
    found = about(run, "blocking or not")
    assert len(found) == (told is not None)
    assert all(told in sentence for sentence in found if told)


@pytest.mark.parametrize("other", ["CPU; database pool", "database pool, unevenly shared (one process had 16 of 20 …)"])
def test_what_is_bound_by_something_else_too_is_not_said_to_be_bound_by_its_pool(other: str) -> None:
    steps = [step(name, 400, scenario="query") for name in ("flask-threads", "aiohttp")]
    steps[1] = steps[1].model_copy(update={"bound": other})
    assert about(results(steps, scenario="query"), "blocking or not") == []


def test_pools_are_told_of_at_the_most_users_that_can_be_trusted() -> None:
    run = through_pools("query", "flask-threads", "aiohttp", users=(1, 64, 400))
    doubted = step("aiohttp", 400, scenario="query", doubts=["so"])
    (told,) = about(results(replaced(run.steps, doubted), scenario="query"), "blocking or not")
    assert told.startswith("At 64 users ")


def asked(*steps: Step) -> Results:
    return results(steps, scenario="ask")


def test_a_deadlock_is_a_finding_and_explained() -> None:
    run = asked(
        step("flask", 1, scenario="ask"),
        step("flask", 4, scenario="ask"),
        stuck("flask", 5),
        *(step("aiohttp", users, scenario="ask") for users in (1, 4, 5)),
    )
    assert verdict(run)[:2] == [
        "flask keeps up with 4 users; at 5 users it deadlocks: requests that wait for an answer hold all 5 slots, "
        "the answers queue for a slot, and 50 of 50 requests time out after 1 s.",
        "aiohttp keeps up with 5 users, the highest load tried.",
    ]
    assert about(run, "inconclusive") == []
    assert conclusive(run)


def test_a_service_that_is_stuck_from_the_start_keeps_up_with_nobody() -> None:
    run = asked(stuck("flask", 5), step("aiohttp", 5, scenario="ask"))
    assert verdict(run)[0] == (
        "flask does not keep up even at the smallest load with trusted figures; at 5 users it deadlocks: requests that "
        "wait for an answer hold all 5 slots, the answers queue for a slot, and 50 of 50 requests time out after 1 s."
    )
    assert "At 5 users throughput ranges from 0.0/s (flask) to 50.0/s (aiohttp)." in verdict(run)


def test_nobody_carries_a_multiple_of_nothing() -> None:
    stuck_twice = asked(*(stuck(name, users) for name in ("flask", "flask-threads") for users in (64, 400)))
    assert about(stuck_twice, " serves ") == []
    assert conclusive(stuck_twice)
    one_works = asked(
        *(step(name, 1, scenario="ask") for name in ("flask", "flask-threads", "aiohttp")),
        stuck("flask", 10),
        *(step(name, 10, scenario="ask") for name in ("flask-threads", "aiohttp")),
    )
    assert about(one_works, "At 10 users throughput is equal within 5%: aiohttp and flask-threads reach 100.0")


@pytest.mark.parametrize("scenario", ["delay", "file"])
def test_a_service_that_answers_nothing_is_divided_by_nothing(scenario: str) -> None:
    nothing: Measured = measured(10, requests=0, response_ms=0.0, latency={}, failures=0)
    steps = [
        step(name, users, scenario=scenario, measured=nothing) for name in ("flask", "aiohttp") for users in (1, 10)
    ]
    assert any(each.endswith("reach 0.0 requests/s.") for each in verdict(results(steps, scenario=scenario)))


def test_a_mixed_day_below_its_ceiling_is_bound_by_the_mix() -> None:
    steps = [step("aiohttp", 1, scenario="mixed"), step("aiohttp", 50, 0.12, scenario="mixed", bound="the mix")]
    (told,) = about(results(steps, scenario="mixed"), "aiohttp keeps up with 1 user and has 20 connections")
    assert (
        "in its database pool, enough for 60 users; at 50 users it reaches 416.7/s, median 120 ms, bound by the mix."
        in told
    )
    assert conclusive(results(steps, scenario="mixed"))


def test_a_disk_is_held_against_its_own_first_step() -> None:
    steps = [
        *(step("flask", users, 0.1, scenario="file") for users in (1, 10)),
        step("aiohttp", 1, 0.1, scenario="file"),
        step("aiohttp", 10, 0.5, scenario="file", bound="its own limit"),
    ]
    run = results(steps, scenario="file")
    assert about(run, "flask keeps up with 10 users, the highest load tried.")
    assert about(
        run, "aiohttp keeps up with 1 user; at 10 users it reaches 20.0/s, median 500 ms, bound by its own limit."
    )
    assert conclusive(run)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([step("stranger", 1, doubts=["so"]), step("stranger", 40)], "400.0/s at 40 users"),
        ([step("stranger", 1, doubts=["so"]), step("stranger", 10), step("stranger", 40)], "400.0/s at 40 users"),
        ([step("stranger", 1), step("stranger", 40, doubts=["so"])], "10.0/s at 1 user"),
        ([step("stranger", 40)], "400.0/s at 40 users"),
    ],
)
def test_without_a_model_it_takes_a_first_step_and_another_to_say_that_a_service_keeps_up(
    steps: list[Step], told: str
) -> None:
    assert verdict(results(steps))[0] == (
        f"stranger reaches {told}; whether it keeps up is unknown, because that takes a conclusive step at the "
        "smallest load and another one."
    )
    assert not about(results(steps), "keeps up with")


@pytest.mark.parametrize(
    ("think", "users", "told"),
    [
        (0.9, 50, "flask keeps up with 50 users and has slots for 50;"),
        (0.2, 15, "flask keeps up with 15 users and has slots for 15;"),  # 15.000000000000002
        (0.48, 29, "flask keeps up with 29 users and has slots for 29;"),  # 28.999999999999996
        (0.05, 7, "flask keeps up with 7 users and has slots for 7;"),  # 7.5
        (0.05, 6, "flask keeps up with 6 users and has slots for 7;"),
    ],
)
def test_users_are_whole_at_the_knee_too(think: float, users: int, told: str) -> None:
    run = results([step("flask", count, think=think) for count in (users, 400)])
    assert verdict(run)[0].startswith(told)


def busy(name: str, users: int, cost: float, rate: float, bound: str = "CPU", **changes: Any) -> Step:
    """Return a step of `rate` requests a second, each of which costs the service `cost` seconds of CPU time."""
    window = measured(users, users / rate, server_cpu=cost * rate)
    return step(name, users, measured=window, bound=bound, **changes)


def test_a_step_that_the_cpu_binds_says_what_a_request_costs_and_what_a_core_then_serves() -> None:
    run = results([busy("flask-threads", 100, 430e-6, 2300), busy("aiohttp", 100, 225e-6, 4400)])
    assert about(run, "CPU time per request") == [
        "CPU time per request at 100 users: flask-threads 430 µs, aiohttp 225 µs; one core serves at most 2326/s "
        "(flask-threads) and 4444/s (aiohttp), however long requests wait."
    ]


def test_a_core_serves_at_most_what_was_measured_where_the_cpu_binds() -> None:
    run = results([busy("flask", 100, 900e-6, 12, "slots"), busy("aiohttp", 100, 225e-6, 4400)])
    (told,) = about(run, "CPU time per request")
    assert told.endswith(
        "flask 900 µs, aiohttp 225 µs; one core serves at most 4444/s (aiohttp), however long requests wait."
    )


ALL_FULL = [busy("flask-threads", 100, 430e-6, 2300), busy("aiohttp", 100, 225e-6, 4400)]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (ALL_FULL, True),
        ([*ALL_FULL, step("flask-threads", 1), step("aiohttp", 1)], True),
        ([*ALL_FULL, busy("aiohttp", 200, 225e-6, 4400, "generator", doubts=["so"])], False),
        ([busy("flask-threads", 100, 430e-6, 320, "slots"), ALL_FULL[1]], False),
        ([ALL_FULL[1], busy("flask-gevent", 100, 500e-6, 2000)], False),  # nobody waits in a thread
    ],
    ids=["all", "beside lighter loads", "the last is doubtful", "slots bind one", "one kind"],
)
def test_where_the_cpu_binds_every_service_waiting_gains_nothing(steps: list[Step], told: bool) -> None:
    assert bool(about(results(steps), "The CPU binds every service at its largest load")) == told


def test_a_service_with_a_calibrated_demand_has_cpu_time_for_so_many_requests() -> None:
    known = contender("aiohttp", calibration=calibration())
    assert known.demand
    load = Closed(50)
    kept = step("aiohttp", 50, 50 / load.predict(known.demand).throughput)
    fell = step("aiohttp", 400, 0.2, bound="CPU")
    run = results([kept, fell]).model_copy(update={"contenders": [known]})
    assert verdict(run)[0] == (
        "aiohttp keeps up with 50 users and has CPU time for 2000 requests/s; at 400 users it reaches 2000.0/s, "
        "median 200 ms, bound by its CPU."
    )


def test_the_same_doubt_at_several_loads_is_one_sentence() -> None:
    said = "the load generator was saturated ({}% of a core)"
    steps = [step("aiohttp", users, doubts=[said.format(full)]) for users, full in ((1, 93), (50, 97), (400, 95))]
    other = step("flask-threads", 400, doubts=[said.format(91), "so"])
    assert about(results([other, *steps]), "inconclusive") == [
        "flask-threads is inconclusive at 400 users: the load generator was saturated (91% of a core); so.",
        "aiohttp is inconclusive at 1, 50 and 400 users: the load generator was saturated (93 to 97% of a core).",
    ]
