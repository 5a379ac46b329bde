from typing import Any

import pytest

from loadtest.race.sample import MOST_DRAWN, Sample
from loadtest.results.exchange import Exchange
from tests.loadtest.support.racers import User, told


def seen(sample: Sample, moment: float) -> str:
    """Return the states without trailing empty places."""
    states = sample.frame(moment)
    assert len(states) == MOST_DRAWN
    return states.rstrip()


def looking_at(*users: Any) -> Sample:
    sample = Sample()
    sample.look(users)
    return sample


def test_a_request_that_was_answered_is_where_it_was_at_that_moment() -> None:
    user = User()
    sample = looking_at(user)
    sample.answered(user, told(10.0, 1.0, 2.5), served=True)  # type: ignore[arg-type] # a stand-in
    moments = (9.9, 10.0, 10.9, 11.1, 13.4, 13.6)
    assert [seen(sample, moment) for moment in moments] == ["", "h", "h", "w", "w", ""]


@pytest.mark.parametrize(("asked_at", "states"), [(10.0, "?"), (10.1, ""), (None, "")])
def test_of_a_request_that_has_not_been_answered_nobody_knows_where_it_is(asked_at: float | None, states: str) -> None:
    assert seen(looking_at(User(asked_at)), 10.0) == states


@pytest.mark.parametrize(
    ("exchange", "states"),
    [
        (Exchange(10.0, None, 12.0), "?"),  # no headers arrived
        (Exchange(10.0, 12.0, 12.0, 200), "?"),  # a service that reports no times
        (told(10.0, 0.5, 1.5, status=503), "w"),
        (Exchange(10.0, 12.0, 12.0, 200, "aiohttp; pid=1", 0.0, 1.5), "w"),  # it computed from 10.5 on
    ],
)
def test_where_a_request_was_is_drawn_if_its_service_tells(exchange: Exchange, states: str) -> None:
    user = User()
    sample = looking_at(user)
    sample.answered(user, exchange, served=True)  # type: ignore[arg-type] # a stand-in
    assert [seen(sample, moment) for moment in (11.0, 12.0)] == [states, ""]


def test_a_request_that_waits_longer_than_for_what_it_is_about_had_no_connection_before() -> None:
    user = User()
    sample = looking_at(user)
    sample.answered(user, told(10.0, 0.5, 1.5), served=True)  # type: ignore[arg-type] # a stand-in
    assert [sample.frame(moment, wait=0.5).strip() for moment in (10.4, 11.4, 11.6, 12.1)] == ["h", "h", "w", ""]


def test_each_user_has_one_place_of_its_own() -> None:
    quick, slow, new = User(), User(10.05), User(11.0)
    sample = looking_at(quick, slow, new)
    for turn in range(6):
        sample.answered(quick, told(10 + turn / 10, 0.0, 0.09), served=True)  # type: ignore[arg-type] # a stand-in
    assert [seen(sample, moment) for moment in (10.25, 10.45, 11.0)] == ["w?", "w?", " ??"]


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
    assert sample.frame(2.0).count("?") == 5


def test_nobody_is_told_anything_once_nobody_looks() -> None:
    users: list[Any] = [User(1.0) for _ in range(3)]
    sample = looking_at(*users)
    sample.look_away()
    assert [user.watch for user in users] == [None] * 3
    assert len(sample) == 0
    sample.answered(users[0], told(1.0, 0.0, 1.0), served=True)  # in flight when the sample was emptied
    assert seen(sample, 3.0) == ""
