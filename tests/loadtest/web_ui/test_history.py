from collections import Counter
from collections.abc import Sequence

import pytest

from loadtest.web_ui.history import COMPARED, MOST_POINTS, History, Point, Totals
from loadtest.web_ui.leading import EARLY


def served(requests: int, failures: int = 0, milliseconds: Sequence[float] = ()) -> dict[str, Totals]:
    return {"one": Totals(requests, failures, Counter(milliseconds))}


def test_a_point_is_what_a_service_answered_in_the_last_three_seconds() -> None:
    history = History()
    history.note(100, served(0))
    history.note(101, served(10, 0, [10] * 10))
    assert [*history.points["one"]] == [Point(1, 10, 0, 10, 10)]
    for second in (1, 2, 3):
        history.note(101 + second, served(10 + 20 * second, second, [10] * 10 + [30] * 20 * second))
    assert history.points["one"][-1] == Point(4, 19, 1, 30, 30)  # 60 requests since 101, of which 3 failed
    history.note(105, served(130, 3, [10] * 10 + [30] * 60 + [90] * 60))
    last = history.points["one"][-1]
    assert (last.at, 3 * last.rate, 3 * last.failed, last.p50, last.p95) == pytest.approx((5, 98, 2, 90, 90))
    history.note(109, served(130, 3, [10] * 10 + [30] * 60 + [90] * 60))
    assert history.points["one"][-1] == Point(9, 0, 0, None, None)


def test_statistics_that_are_reset_leave_no_negative_rate_and_a_new_run_no_point() -> None:
    history = History()
    for moment, requests in enumerate([0, 50, 5, 9]):
        history.note(moment, served(requests))
    assert [(point.at, point.rate) for point in history.points["one"]] == [(1, 50), (3, 4)]
    history.clear()
    history.note(50, served(0))
    assert not history.points
    for moment in range(51, 55 + MOST_POINTS):
        history.note(moment, served(moment))
    assert (len(history.points["one"]), history.points["one"][-1].at) == (MOST_POINTS, 4 + MOST_POINTS)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, ""),
        ({"one": 6_170}, "one answers 1,234 requests a second"),
        ({"one": 500, "two": 520}, "Equal so far: each answers about 102 a second"),
        ({"one": 20, "two": 30}, "Equal so far: each answers about 5.0 a second"),  # by chance
        ({"one": 9, "two": 0}, "Too few answers to say who leads, at most 9 in 5 s"),
        (
            {"one": 500, "two": 1_250, "three": 2_000},
            "three answers 4.0 times as much as one, and 1.6 times as much as two",
        ),
        ({"one": 0, "two": 1_250}, "two answers 250 a second, one none"),
    ],
)
def test_the_headline_says_who_leads_by_how_much(answers: dict[str, int], said: str) -> None:
    history = History()
    history.note(100, {name: Totals() for name in answers})
    history.note(105, {name: Totals(number + 7, 7) for name, number in answers.items()})
    assert history.lead == said


def test_nobody_leads_before_all_users_are_there_and_what_was_answered_before_does_not_count() -> None:
    history = History()
    history.note(100, {"one": Totals(), "two": Totals()}, None)
    history.note(103, {"one": Totals(), "two": Totals(9_000)}, None)
    assert history.lead == EARLY
    for second, lead in ((0, EARLY), (2, EARLY), (3, "Equal so far: each answers about 100 a second")):
        history.note(104 + second, {"one": Totals(100 * second), "two": Totals(9_000 + 100 * second)}, there=103.5)
        assert history.lead == lead
    history.note(104 + COMPARED, {"one": Totals(300), "two": Totals(9_300)}, there=104 + COMPARED)
    assert history.lead == EARLY  # after a change
