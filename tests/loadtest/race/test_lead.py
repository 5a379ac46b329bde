from typing import Any

import pytest

from loadtest.race.captions import READY, RUNNING, STARTING, STOPPING, Race
from loadtest.race.lead import lead, short
from loadtest.web_ui.leading import Lead
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.loadtest.support.racers import figures

NAMES = ("flask", "flask-threads", "aiohttp")
USERS, ARRIVALS = Closed(100), Open(60.0, clients=600)


def said(good: tuple[int, ...], load: Load = USERS, state: str = RUNNING, **seen: Any) -> Lead:
    """Return who leads if racers had `good` answers in 5 s; `seen` is the same for all of them."""
    now = {name: figures(load, None, **{"good": each, **seen}) for name, each in zip(NAMES, good, strict=False)}
    return lead(Race(state, "delay", load), now, deadline=1.25)


@pytest.mark.parametrize(
    ("good", "sentence", "more"),
    [
        ((100, 1280, 2000), "aiohttp answers 20 times as much as flask", "and 1.6 times as much as flask-threads"),
        ((100, 2000, 2000), "flask-threads and aiohttp answer 20 times as much as flask", ""),
        ((100, 105, 2000), "aiohttp answers 20 times as much as flask and flask-threads", ""),
        ((100, 1280, 40), "flask-threads answers 32 times as much as aiohttp", "and 13 times as much as flask"),
        ((200, 1998), "flask-threads answers 10 times as much as flask", ""),
        ((200, 1980), "flask-threads answers 9.9 times as much as flask", ""),
        ((0, 2000), "flask-threads answers 400 a second, flask none", ""),
        ((0, 15, 0), "flask-threads answers 3.0 a second, flask and aiohttp none", ""),
        ((0, 5, 2000), "aiohttp answers 400 a second, flask none", "and 400 times as much as flask-threads"),
        ((1000, 1050, 1020), "Equal so far: each answers about 205 a second", ""),
        ((100, 130), "Equal so far: each answers about 23 a second", ""),  # chance: 3 times the root of 230 is 45
        ((100, 160), "flask-threads answers 1.6 times as much as flask", ""),
        ((9, 0, 3), "Too few answers to say who leads", "at most 9 in 5 s"),
    ],
)
def test_who_answers_more_leads_by_a_ratio_of_answers(good: tuple[int, ...], sentence: str, more: str) -> None:
    assert said(good)[1:] == (sentence, more)


def test_of_arrivals_answers_in_time_count() -> None:
    assert (
        said((4, 300, 300), ARRIVALS).sentence
        == "flask-threads and aiohttp answer 75 times as much within 1.25 s as flask"
    )
    assert said((0, 300), ARRIVALS).sentence == "flask-threads answers 60 a second within 1.25 s, flask none"
    assert said((300, 300), ARRIVALS).sentence == "Equal so far: each answers about 60 a second within 1.25 s"


def test_nobody_leads_before_all_have_settled_or_while_a_race_comes_or_goes() -> None:
    good = (100, 2000)
    for state, load, seen, sentence in (
        (READY, USERS, {}, "Ready to start"),
        (STOPPING, USERS, {"in_flight": 18}, "Stopping: 36 requests still in flight"),
        (STOPPING, USERS, {"in_flight": 0}, "Stopping: 0 requests still in flight"),
        (STARTING, USERS, {"users": 40}, "Starting: 80 of 200 users"),
        (STARTING, USERS, {"users": 100, "settled": False}, "Too early to say who leads"),
        (STARTING, ARRIVALS, {"users": 40}, "Starting: 80 of 1200 clients"),
        (STARTING, USERS, {"settled": False}, "Too early to say who leads"),
        (RUNNING, USERS, {"settled": False}, "Too early to say who leads"),
    ):
        assert said(good, load, state, **seen).sentence == sentence
    assert said(good, settled=False).more == "none has settled yet"
    now = {name: figures(USERS, None, settled=name != "flask") for name in NAMES}
    assert lead(Race(RUNNING, "delay", USERS), now, 1.25).more == "flask has not settled yet"
    now = {name: figures(USERS, None) for name in NAMES}
    assert lead(Race(RUNNING, "delay", USERS), now, 1.25, abandoned=True).sentence == "Too early to say who leads"


def test_the_kind_of_a_lead_changes_with_who_leads_and_not_with_the_figures() -> None:
    assert said((100, 2000)).kind == said((110, 2000)).kind != said((2000, 100)).kind


def test_names_are_short_where_they_differ_without_their_settings() -> None:
    assert short(["flask:workers=2", "aiohttp"]) == ["flask", "aiohttp"]
    assert short(["flask:workers=2", "flask:workers=4", "aiohttp:workers=1"])[0] == "flask:workers=2"
