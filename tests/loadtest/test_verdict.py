import re
from collections.abc import Sequence

import pytest

from loadtest.results import Results, Step
from loadtest.verdict import conclusive, verdict
from tests.loadtest.fabricated import contender, measured, not_run, results, step

RUN = [
    *(step("flask", users) for users in (1, 50)),
    not_run("flask", 400),
    *(step("flask-threads", users) for users in (1, 50, 400)),
    *(step("aiohttp", users) for users in (1, 50, 400)),
]
"""A run in which every step is as the model has it."""


def replaced(steps: Sequence[Step], *others: Step) -> list[Step]:
    """The steps with some of them put in the place of their like."""
    places = {(other.service, other.users): other for other in others}
    return [places.get((each.service, each.users), each) for each in steps]


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
    "case", [each for each in RUN if each.measured], ids=lambda case: f"{case.service}-{case.users}"
)
def test_an_inconclusive_row_is_no_result_in_any_sentence_but_its_own(case: Step) -> None:
    telltale = measured(case.users, requests=77_777, response_ms=1.0, latency={7777.0: 77_777}, server_cpu=6.0448)
    doubted = case.model_copy(update={"measured": telltale, "doubts": ["it cannot be", "nor that"]})
    run = results(replaced(RUN, doubted))
    users = "1 user" if case.users == 1 else f"{case.users} users"
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
    run = results([step("flask", users, think=0.9) for users in (1, 50, 200)], think=0.9)
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
