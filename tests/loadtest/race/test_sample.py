from typing import Any

import pytest

from loadtest.race.sample import MOST_DRAWN, Frame, Sample
from loadtest.results.exchange import Exchange
from tests.loadtest.support.racers import User, told


def seen(sample: Sample, moment: float) -> tuple[str, str, int]:
    """Return the frame without trailing empty places."""
    frame = sample.frame(moment)
    assert {len(frame.where), len(frame.came)} == {MOST_DRAWN}
    return Frame(frame.where.rstrip(), frame.came.rstrip(), frame.answers)


def looking_at(*users: Any) -> Sample:
    sample = Sample()
    sample.look(users)
    return sample


@pytest.mark.parametrize(
    ("moment", "where", "came", "answers"),
    [
        (9.9, "", "", 0),
        (10.0, "q", "", 0),
        (10.9, "q", "", 0),
        (11.1, "w", "", 0),
        (13.4, "w", "", 0),
        (13.6, "", "a", 1),
    ],
)
def test_a_request_that_was_answered_is_where_it_was_at_that_moment(
    moment: float, where: str, came: str, answers: int
) -> None:
    user = User()
    sample = looking_at(user)
    sample.answered(user, told(10.0, 1.0, 2.5), served=True)  # type: ignore[arg-type] # a stand-in
    assert seen(sample, moment) == (where, came, answers)


@pytest.mark.parametrize(("asked_at", "where"), [(10.0, "?"), (10.1, ""), (None, "")])
def test_of_a_request_that_has_not_been_answered_nobody_knows_where_it_is(asked_at: float | None, where: str) -> None:
    assert seen(looking_at(User(asked_at)), 10.0) == (where, "", 0)


@pytest.mark.parametrize(
    ("exchange", "where"),
    [
        (Exchange(10.0, None, 12.0), "?"),  # no headers arrived
        (Exchange(10.0, 12.0, 12.0, 200), "?"),  # a service that reports no times
        (told(10.0, 0.5, 1.5, status=503), "w"),
    ],
)
def test_a_request_that_failed_is_shown_to_have_failed_and_where_only_a_service_can_tell(
    exchange: Exchange, where: str
) -> None:
    user = User()
    sample = looking_at(user)
    sample.answered(user, exchange, served=True)  # type: ignore[arg-type] # a stand-in
    assert seen(sample, 11.0).where == where  # type: ignore[attr-defined]
    if exchange.status != 200:
        assert seen(sample, 12.0) == ("", "x", 1)


def test_each_user_has_a_place_of_its_own_and_several_answers_are_counted() -> None:
    quick, slow, new = User(), User(10.05), User(11.0)
    sample = looking_at(quick, slow, new)
    for turn in range(6):
        sample.answered(quick, told(10 + turn / 10, 0.0, 0.09), served=True)  # type: ignore[arg-type] # a stand-in
    assert seen(sample, 10.25) == ("w?", "a", 2)
    assert seen(sample, 10.45) == ("w?", "a", 2)
    assert seen(sample, 11.0) == (" ??", "a", 2)


def test_as_many_are_looked_at_as_there_are_places_and_who_leaves_makes_room() -> None:
    users: list[Any] = [User(1.0) for _ in range(MOST_DRAWN + 20)]
    sample = looking_at(*users)
    assert len(sample) == MOST_DRAWN
    assert [user.watch is sample for user in users] == [True] * MOST_DRAWN + [False] * 20
    sample.look(users[10:])
    assert len(sample) == MOST_DRAWN
    assert all(user.watch is sample for user in users[10 : MOST_DRAWN + 10])
    sample.look(users[:5])
    assert len(sample) == 5
    assert sample.frame(2.0).where.count("?") == 5


def test_nobody_is_told_anything_once_nobody_looks() -> None:
    users: list[Any] = [User(1.0) for _ in range(3)]
    sample = looking_at(*users)
    sample.look_away()
    assert [user.watch for user in users] == [None] * 3
    assert len(sample) == 0
    sample.answered(users[0], told(1.0, 0.0, 1.0), served=True)  # in flight when the sample was emptied
    assert seen(sample, 3.0) == ("", "", 0)
