from collections import Counter
from collections.abc import Sequence

import pytest

from loadtest.web_ui.history import MOST_POINTS, History, Point, Totals, lead


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
    ("rates", "said"),
    [
        ({}, ""),
        ({"one": 1234}, "one answers 1,234 requests a second"),
        ({"one": 100, "two": 105}, "All answer alike: 100 to 105 requests a second"),
        ({"one": 100, "two": 250, "three": 400}, "three answers 4.0 times as much as one"),
        ({"one": 0, "two": 250}, "one answers nothing, two 250 requests a second"),
        ({"one": 0, "two": 0}, "Nothing is answered"),
    ],
)
def test_the_headline_says_who_leads_by_how_much(rates: dict[str, float], said: str) -> None:
    assert (
        lead({name: [Point(1, 9, 0, None, None), Point(2, rate, 0, None, None)] for name, rate in rates.items()})
        == said
    )
