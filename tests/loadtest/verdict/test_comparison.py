import re
from collections.abc import Sequence

import pytest

from loadtest.results.schema import Measured, Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.comparison import compared
from loadtest.verdict.comparison import conclusive as is_conclusive
from loadtest.verdict.comparison import verdict as sentences
from tests.loadtest.support.fabricated import contender, measured, not_run, results, step, stuck


def verdict(run: Results) -> list[str]:
    return sentences(run, rows(run))


def conclusive(run: Results) -> bool:
    return is_conclusive(run, rows(run))


RUN = [
    *(step("flask", users) for users in (1, 50)),
    not_run("flask", 400),
    *(step("flask-threads", users) for users in (1, 50, 400)),
    *(step("aiohttp", users) for users in (1, 50, 400)),
]
"""A run in which every step is as the model has it."""


def replaced(steps: Sequence[Step], *others: Step) -> list[Step]:
    """The steps with some of them put in the place of their like."""
    places = {(other.service, other.load.users): other for other in others}
    return [places.get((each.service, each.load.users), each) for each in steps]


def about(results: Results, *words: str) -> list[str]:
    return [sentence for sentence in verdict(results) if all(word in sentence for word in words)]


def test_a_whole_run_reads_like_this() -> None:
    assert verdict(results(RUN)) == [
        "At 1 user there is no difference: aiohttp, flask and flask-threads answer 10.0 requests a second.",
        "flask keeps up with 1 user, and should up to 5 by its slots; at 50 users requests queue: "
        "it answers 50.0 a second, and half of them wait longer than 1.0 s.",
        "flask-threads keeps up with 50 users, and should up to 64 by its slots; at 400 users requests queue: "
        "it answers 640.0 a second, and half of them wait longer than 625 ms.",
        "aiohttp keeps up with 400 users, the most that were tried.",
        "At 400 users aiohttp carries 6.2 times the requests of flask-threads: 4000 a second against 640.",
        "At 400 users a request costs the service, in µs of CPU time: flask-threads 781, aiohttp 125.",
    ]
    assert conclusive(results(RUN))


@pytest.mark.parametrize(
    ("slower", "sentence"),
    [
        (0.1, "At 1 user there is no difference: aiohttp and flask answer 10.0 requests a second."),
        (0.105, "At 1 user there is no difference: aiohttp and flask answer 9.5 to 10.0 requests a second."),
        (0.111, "At 1 user aiohttp answers 10.0 requests a second and flask 9.0."),
    ],
)
def test_at_few_users_it_says_whether_there_is_a_difference(slower: float, sentence: str) -> None:
    steps = [step("flask", 1, slower), step("aiohttp", 1), step("flask", 50), step("aiohttp", 50)]
    assert verdict(results(steps))[0] == sentence


def test_one_number_of_users_is_told_once() -> None:
    assert verdict(results([step("flask", 1), step("aiohttp", 1)])) == [
        "At 1 user there is no difference: aiohttp and flask answer 10.0 requests a second.",
        "flask keeps up with 1 user, the most that were tried.",
        "aiohttp keeps up with 1 user, the most that were tried.",
        "At 1 user a request costs the service, in µs of CPU time: flask 50000, aiohttp 50000.",
    ]


def test_services_that_are_left_behind_as_far_are_told_together() -> None:
    names = ("flask", "flask-threads", "flask-async", "django", "sanic", "aiohttp")
    assert compared(rows(results([step(name, users) for name in names for users in (1, 400)]))) == [
        "At 400 users aiohttp and sanic carry 6.2 times the requests of flask-threads and django, 80.0 times the "
        "requests of flask and flask-async: 4000 a second against 640, 50."
    ]


@pytest.mark.parametrize(
    ("doubtful", "sentence"),
    [
        ([], "At 400 users aiohttp carries 6.2 times the requests of flask-threads: 4000 a second against 640."),
        (
            [("aiohttp", 400)],
            "At 50 users aiohttp and flask-threads carry 10.0 times the requests of flask: 500 a second against 50.",
        ),
        (
            [("aiohttp", 400), ("flask", 50)],
            "At 50 users there is no difference: aiohttp and flask-threads answer 500.0 a second.",
        ),
        (
            [("flask-threads", 400), ("aiohttp", 50)],
            "At 50 users flask-threads carries 10.0 times the requests of flask: 500 a second against 50.",
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
    telltale = measured(case.load.users, requests=77_777, response_ms=1.0, latency={7777.0: 77_777}, server_cpu=6.0448)
    doubted = case.model_copy(update={"measured": telltale, "doubts": ["it cannot be", "nor that"]})
    run = results(replaced(RUN, doubted))
    users = "1 user" if case.load.users == 1 else f"{case.load.users} users"
    own = f"Inconclusive: {case.service} at {users}, because it cannot be; nor that."
    sentences = verdict(run)
    assert sentences.count(own) == 1
    named = re.compile(rf"(?<![\w-]){case.service}(?![\w-])")
    for sentence in (each for each in sentences if each != own):
        assert "777" not in sentence
        assert "7.8" not in sentence
        assert not (named.search(sentence) and re.search(rf"\b{users}\b", sentence))
    assert not conclusive(run)


def test_repeats_that_disagree_are_inconclusive() -> None:
    run = results([step("flask", 1), step("aiohttp", 1), step("aiohttp", 1, 0.2, repeat=2)])
    assert "Inconclusive: aiohttp at 1 user, because the repeats disagree (5.0 to 10.0 a second)." in verdict(run)
    assert about(run, "At 1 user") == []
    assert not conclusive(run)


def test_an_interrupted_run_says_so_and_keeps_what_it_has() -> None:
    run = results(RUN[:4], complete=False)
    assert verdict(run)[-1] == "The run was interrupted. This is what had been measured until then."
    assert about(run, "At 1 user there is no difference")
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
    uneven = step("flask-threads", 400, 1.0, bound="slots, unevenly shared (300 of 400 users on 32 slots)")
    run = results([step("flask-threads", 50), uneven])
    assert verdict(run)[0] == (
        "flask-threads keeps up with 50 users, and should up to 64 by its slots; at 400 users it answers 400.0 a "
        "second, bound by slots, unevenly shared (300 of 400 users on 32 slots), and half of them wait longer than "
        "1.0 s."
    )


def test_users_who_think_share_the_slots() -> None:
    run = results([step("flask", users, think=0.9) for users in (1, 50, 200)])
    assert verdict(run)[0] == (
        "flask keeps up to 50 users, as many as its 5 slots can serve; at 200 users requests queue: "
        "it answers 50.0 a second, and half of them wait longer than 3.1 s."
    )


def test_a_service_that_runs_out_of_cpu_keeps_up_until_then() -> None:
    run = results([step("aiohttp", 1), step("aiohttp", 50), step("aiohttp", 400, 0.2, bound="CPU")])
    assert verdict(run)[0] == (
        "aiohttp keeps up with 50 users; at 400 users it answers 2000.0 a second, bound by CPU, "
        "and half of them wait longer than 200 ms."
    )


def test_a_service_that_falls_short_below_its_slots_is_not_said_to_keep_up() -> None:
    short = step("flask-threads", 64, 0.12, bound="slots, unevenly shared (42 of 64 users on 32 slots)")
    run = results([step("flask-threads", 10), short, step("flask-threads", 400)])
    assert verdict(run)[0] == (
        "flask-threads keeps up with 10 users, and should up to 64 by its slots; at 64 users it answers 533.3 a "
        "second, bound by slots, unevenly shared (42 of 64 users on 32 slots), and half of them wait longer than "
        "120 ms."
    )


def test_a_run_that_failed_says_what_failed() -> None:
    run = results(RUN[:4], complete=False).model_copy(update={"failure": "The load generator is gone."})
    assert verdict(run)[-1] == (
        "The run failed: The load generator is gone. This is what had been measured until then."
    )


def test_a_service_that_is_not_ours_is_held_against_its_own_first_step() -> None:
    steps = [*(step("stranger", users) for users in (1, 400)), *(step("flask-threads", users) for users in (1, 400))]
    run = results(steps)
    assert about(run, "stranger keeps up with 400 users, the most that were tried")
    assert about(run, "At 400 users stranger carries 6.2 times the requests of flask-threads")


def test_a_run_with_nothing_in_it_has_nothing_to_say() -> None:
    assert verdict(results([]).model_copy(update={"contenders": [contender("flask")]})) == []


def through_pools(scenario: str, *names: str, users: tuple[int, ...] = (1, 20, 400)) -> Results:
    return results([step(name, count, scenario=scenario) for name in names for count in users], scenario=scenario)


def test_a_run_that_one_pool_binds_reads_like_this() -> None:
    assert verdict(through_pools("query", "flask-threads", "aiohttp"))[1:5] == [
        "flask-threads keeps up to 20 users, as many as its database pool of 20 can serve; at 400 users it answers "
        "200.0 a second, bound by its database pool, and half of them wait longer than 2.0 s.",
        "aiohttp keeps up to 20 users, as many as its database pool of 20 can serve; at 400 users it answers "
        "200.0 a second, bound by its database pool, and half of them wait longer than 2.0 s.",
        "At 400 users there is no difference: aiohttp and flask-threads answer 200.0 a second.",
        "At 400 users aiohttp and flask-threads are bound by their database pools, blocking or not: a coroutine waits "
        "for a connection more cheaply than a thread, and makes what is behind it no faster.",
    ]
    assert conclusive(through_pools("query", "flask-threads", "aiohttp"))


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (through_pools("fetch", "flask-threads", "aiohttp"), "aiohttp and flask-threads are bound by their upstream"),
        (through_pools("query", "flask-threads", "flask-gevent"), "flask-gevent and flask-threads are bound by their"),
        (through_pools("query", "flask-gevent", "aiohttp"), None),  # none of which is blocking
        (through_pools("query", "flask", "aiohttp"), None),  # of which one is bound by its slots
        (through_pools("query", "flask-threads", "aiohttp", users=(1, 20)), None),
        (through_pools("delay", "flask-threads", "aiohttp"), None),
    ],
)
def test_pools_are_told_of_where_they_bind_both_kinds(run: Results, told: str | None) -> None:
    found = about(run, "blocking or not")
    assert len(found) == (told is not None)
    assert all(told in sentence for sentence in found if told)


@pytest.mark.parametrize("other", ["CPU, database pool", "database pool, unevenly shared (16 of 20 users on 10 of 20)"])
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
    assert verdict(run)[1:3] == [
        "flask keeps up with 4 users; at 5 users there is a deadlock: all 5 slots hold requests that wait for answers, "
        "the answers queue for a slot, and 50 of 50 requests end when their 1 s are over.",
        "aiohttp keeps up with 5 users, the most that were tried.",
    ]
    assert about(run, "Inconclusive") == []
    assert conclusive(run)


def test_a_service_that_is_stuck_from_the_start_keeps_up_with_nobody() -> None:
    run = asked(stuck("flask", 5), step("aiohttp", 5, scenario="ask"))
    assert verdict(run)[:2] == [
        "At 5 users aiohttp answers 50.0 requests a second and flask 0.0.",
        "flask does not keep up with the fewest users that hold; at 5 users there is a deadlock: all 5 slots hold "
        "requests that wait for answers, the answers queue for a slot, and 50 of 50 requests end when their 1 s are "
        "over.",
    ]


def test_nobody_carries_a_multiple_of_nothing() -> None:
    stuck_twice = asked(*(stuck(name, users) for name in ("flask", "flask-threads") for users in (64, 400)))
    assert about(stuck_twice, " carries ") == []
    assert conclusive(stuck_twice)
    one_works = asked(
        *(step(name, 1, scenario="ask") for name in ("flask", "flask-threads", "aiohttp")),
        stuck("flask", 10),
        *(step(name, 10, scenario="ask") for name in ("flask-threads", "aiohttp")),
    )
    assert about(one_works, "At 10 users there is no difference: aiohttp and flask-threads answer 100.0")


@pytest.mark.parametrize("scenario", ["delay", "file"])
def test_a_service_that_answers_nothing_is_divided_by_nothing(scenario: str) -> None:
    nothing: Measured = measured(10, requests=0, response_ms=0.0, latency={}, failures=0)
    steps = [
        step(name, users, scenario=scenario, measured=nothing) for name in ("flask", "aiohttp") for users in (1, 10)
    ]
    assert verdict(results(steps, scenario=scenario))[0].endswith("answer 0.0 requests a second.")


def test_a_mixed_day_below_its_ceiling_is_bound_by_the_mix() -> None:
    steps = [step("aiohttp", 1, scenario="mixed"), step("aiohttp", 50, 0.12, scenario="mixed", bound="the mix")]
    (told,) = about(results(steps, scenario="mixed"), "aiohttp keeps up with 1 user")
    assert "and should up to 60 by its database pool; at 50 users it answers 416.7 a second, bound by the mix" in told
    assert conclusive(results(steps, scenario="mixed"))


def test_a_disk_is_held_against_its_own_first_step() -> None:
    steps = [
        *(step("flask", users, 0.1, scenario="file") for users in (1, 10)),
        step("aiohttp", 1, 0.1, scenario="file"),
        step("aiohttp", 10, 0.5, scenario="file", bound="its own limit"),
    ]
    run = results(steps, scenario="file")
    assert about(run, "flask keeps up with 10 users, the most that were tried.")
    assert about(
        run, "aiohttp keeps up with 1 user; at 10 users it answers 20.0 a second, bound by its own limit, and half"
    )
    assert conclusive(run)


@pytest.mark.parametrize(
    ("think", "users", "told"),
    [
        (0.9, 50, "flask keeps up to 50 users, as many as its 5 slots can serve;"),
        (0.2, 15, "flask keeps up to 15 users, as many as its 5 slots can serve;"),  # 15.000000000000002
        (0.48, 29, "flask keeps up to 29 users, as many as its 5 slots can serve;"),  # 28.999999999999996
        (0.05, 7, "flask keeps up to 7 users, as many as its 5 slots can serve;"),  # 7.5
        (0.05, 6, "flask keeps up with 6 users, and should up to 7 by its slots;"),
    ],
)
def test_users_are_whole_at_the_knee_too(think: float, users: int, told: str) -> None:
    run = results([step("flask", count, think=think) for count in (users, 400)])
    assert verdict(run)[0].startswith(told)
