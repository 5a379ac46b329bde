import json

import pytest

from loadtest.race.view import Seen, View, joined, read, unbegun, unknown

FIRST = Seen(
    users=3,
    in_flight=2,
    old_in_flight=1,
    ended=10,
    failed=2,
    old_ended=1,
    latency={10.0: 8, 20.0: 2},
    failed_latency={20.0: 2},
    errors={"503": 2},
    drawn=3,
    pictures=["hw ", "w? "],
)
SECOND = FIRST._replace(ended=5, latency={20.0: 1, 30.0: 4}, errors={"timeout": 1, "503": 1}, pictures=["??", "hh"])


def test_what_several_load_generators_see_is_added() -> None:
    both = joined([View(4, 2.0, [FIRST], due=7), View(4, 2.2, [SECOND], due=8, gave_up=3.0, busy=0.9)])
    (seen,) = both.racers
    assert (seen.users, seen.in_flight, seen.old_in_flight, seen.ended, seen.failed) == (6, 4, 2, 15, 4)
    assert (seen.old_ended, seen.drawn) == (2, 6)
    assert seen.latency == {10.0: 8, 20.0: 3, 30.0: 4}
    assert (seen.failed_latency, seen.errors) == ({20.0: 4}, {"503": 3, "timeout": 1})
    assert (both.run, both.due, both.gave_up, both.busy, both.begun) == (4, 15, 3.0, 0.9, True)


def test_load_generators_take_the_places_of_a_picture_in_turn() -> None:
    (seen,) = joined([View(1, 1.0, [FIRST]), View(1, 1.0, [SECOND])]).racers
    assert seen.pictures == ["h?w? ", "wh?h "]


def test_a_rate_between_two_views_is_that_of_all_although_each_counts_until_its_own_moment() -> None:
    def view(age: float, rate: float) -> View:
        return View(1, age, [FIRST._replace(ended=round(age * rate))])

    first, last = joined([view(1.0, 100), view(1.4, 100)]), joined([view(6.0, 100), view(6.4, 100)])
    assert (last.racers[0].ended - first.racers[0].ended) / (last.age - first.age) == pytest.approx(200)


def test_a_message_carries_a_view_as_lists() -> None:
    view = View(
        2,
        1.5,
        [FIRST._replace(latency={}, failed_latency={}), Seen(1, 0, 0, pictures=[])],
        due=3,
        gave_up=None,
        busy=0.25,
    )
    assert read(json.loads(json.dumps(view))) == view


def test_the_marks_of_a_silent_load_generator_are_hollow() -> None:
    (seen,) = unknown(View(1, 1.0, [FIRST])).racers
    assert seen.pictures == ["?? ", "?? "]


def test_a_load_generator_that_has_not_begun_a_run_counts_nothing_and_all_its_requests_are_old() -> None:
    late = unbegun(View(1, 9.0, [FIRST], due=50, gave_up=1.0), 2)
    assert (late.run, late.begun, late.gave_up) == (2, False, 1.0)
    (seen,) = late.racers
    assert (seen.users, seen.in_flight, seen.old_in_flight, seen.ended, seen.latency) == (3, 2, 2, 0, {})
    assert not joined([late, View(2, 0.4, [SECOND])]).begun
