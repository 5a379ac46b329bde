import json
import re
import signal
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from async_app import blocking
from contract import ports
from tests.loadtest.support.commands import Serving, alone, serving
from tests.loadtest.support.racing import (
    PAGE,
    URL,
    ask,
    counted,
    events,
    first,
    heard,
    post,
    start,
    start_arrivals,
    stopped,
)
from tests.loadtest.support.web_uis import ROOT
from tests.support.stalls import TooLate, at_best

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # the well-known ports allow one test at a time

RACERS = ("flask:workers=2", "aiohttp:workers=1")
RACE = ("race", "--watch", "--services", ",".join(RACERS))


@pytest.fixture(scope="module")
def race() -> Iterator[Serving]:
    with alone() as environment, serving(environment, *RACE) as raced:
        raced.hear("Ctrl-C stops everything")
        yield raced
        raced.process.send_signal(signal.SIGINT)
        assert raced.end() == 0
        assert "Traceback" not in "".join(raced.said)


@pytest.fixture(autouse=True)
def _nothing_runs_on(race: Serving) -> Iterator[None]:  # noqa: ARG001 - the race to stop
    yield
    stopped()


def as_foretold(event: Any) -> bool:
    """Return True if every racer has a throughput, of at most what is predicted."""
    predicted = by_racer(event, "predicted")
    return all(0 < (each or 0) <= 1.1 * predicted[name] for name, each in by_racer(event, "throughput").items())


def eight_are_drawn(event: Any) -> bool:
    """Return True if it is known of all eight users of the first racer where they are, and one of the second waits."""
    (blocking, _), (non_blocking, _) = (racer["pictures"] for racer in event["racers"])
    two_processes = blocking.count("h") == 8 - blocking.count("w") >= 6
    return two_processes and "w" in non_blocking


def by_racer(event: Any, figure: str) -> dict[str, Any]:
    return {name: racer[figure] for name, racer in zip(RACERS, event["racers"], strict=True)}


def test_the_address_of_a_race_is_said_and_its_page_asks_nobody_else(race: Serving) -> None:
    assert f"Race page: {PAGE}" in race.said
    page = ask("/race")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for words in (*RACERS, "2 processes x 1 thread = 2 slots", "1 process x 1 event loop", "This is a demonstration:"):
        assert words in page.body
    assert "assumed from this environment" not in page.body
    assert "://" not in page.body
    for asset in re.findall(r'(?:href|src)="(race/[^"]+)"', page.body):
        answer = ask(f"/{asset}")
        assert answer.status == 200
        assert "://" not in answer.body


@at_best()
def test_a_race_is_started_changed_and_stopped_and_its_figures_are_locusts() -> None:
    began = time.perf_counter()
    start(8, "50ms", "delay")
    heard(lambda event: all(racer["ratio"] for racer in event["racers"]))
    event = heard(as_foretold)
    assert 600 - (time.perf_counter() - began) <= event["ends"] <= 600
    with events():  # somebody looks all the time
        counts, later = counted(), heard(eight_are_drawn)
    assert (event["state"], event["users"], event["delay"], event["scenario"]) == ("running", 8, "50ms", "delay")
    assert by_racer(event, "users") == dict.fromkeys(RACERS, 8)
    for name, count in counts.items():
        assert 0 < by_racer(event, "requests")[name] <= count <= by_racer(later, "requests")[name]
    assert by_racer(event, "predicted") == {RACERS[0]: pytest.approx(40), RACERS[1]: pytest.approx(160)}
    assert event["racers"][0]["in_flight"] > 2
    leads = heard(lambda event: event["lead"]["kind"] not in ("early", "few", "equal"))["lead"]
    assert re.fullmatch(r"aiohttp answers [\d.]+ times as much as flask", leads["sentence"])
    assert later["marks"] == {"held": "waiting for a worker", "waits": "waiting for a timer"}
    assert [racer["stands"] for racer in later["racers"]] == [None, None]
    assert [racer["looked_at"] for racer in later["racers"]] == [8, 8]
    assert by_racer(later, "failures") == dict.fromkeys(RACERS, 0)

    with events() as told:
        next(told)
        start(3, "30ms", "query")
        anew = first(told, lambda event: event["scenario"] == "query")
    assert by_racer(anew, "requests")[RACERS[1]] < by_racer(later, "requests")[RACERS[1]] / 2
    changed = heard(lambda event: set(by_racer(event, "users").values()) == {3} and event["state"] == "running")
    assert (changed["users"], changed["delay"], changed["scenario"]) == (3, "30ms", "query")
    assert changed["marks"]["held"] == "waiting for a worker or a connection"

    with events() as told:
        first(told, lambda event: all(racer["throughput"] for racer in event["racers"]))
        last = stopped()
    assert all(by_racer(last, "throughput").values())  # those from before the stop
    for name, count in counted().items():  # with requests from before the change
        assert 0 <= count - by_racer(last, "requests")[name] <= 8
    if any(by_racer(last, "failures").values()):
        raise TooLate("the database did not answer in time")
    assert by_racer(last, "in_flight") == by_racer(last, "users") == dict.fromkeys(RACERS, 0)
    assert (last["ends"], last["racers"][0]["caption"]) == (None, "No race is running. These are the last figures.")


def diverges_and_keeps_up(event: Any) -> bool:
    flask, aiohttp = event["racers"]
    return (flask["kind"], aiohttp["kind"]) == ("diverges", "keeps-up") and "(predicted: 40)" in flask["caption"]


def test_a_race_of_arrivals_sends_every_service_the_same_ones_and_says_who_keeps_up() -> None:
    start_arrivals(60, "100ms", "delay")  # flask carries 20 a second
    event = heard(diverges_and_keeps_up)
    assert (event["state"], event["rate"], event["users"]) == ("running", 60, 600)
    assert by_racer(event, "predicted") == {RACERS[0]: pytest.approx(20), RACERS[1]: pytest.approx(60)}
    flask, aiohttp = event["racers"]
    assert flask["arriving"] == aiohttp["arriving"] > 20
    assert (flask["ratio"], flask["p50"]) == (None, None)
    later = heard(
        lambda event: event["racers"][0]["in_flight"] > 60 and event["racers"][1]["ratio"] and event["racers"][1]["p50"]
    )
    assert later["racers"][1]["p50"] >= 100
    leads = heard(lambda event: event["racers"][0]["in_time"] == 0 and event["racers"][1]["in_time"])
    assert re.fullmatch(r"aiohttp answers \d+ a second within 1.1 s, flask none", leads["lead"]["sentence"])
    assert later["racers"][1]["looked_at"] > 0
    refused = post("start", {"users": 1, "delay": "100ms", "scenario": "delay"})
    assert refused.status == 409
    assert refused.problem == "The run in progress has arrivals, so it cannot change to users; stop it first."
    last = stopped()  # clients of flask may have given up
    assert (last["rate"], last["racers"][1]["failures"]) == (None, 0)
    assert by_racer(last, "in_flight") == by_racer(last, "users") == dict.fromkeys(RACERS, 0)


@at_best()
def test_a_changed_rate_counts_at_once_and_the_backlog_remains() -> None:
    start_arrivals(1, "20ms", "delay")  # clients have taken the arrivals of the next ten seconds
    heard(lambda event: event["racers"][1]["requests"])
    start_arrivals(200, "20ms", "delay")
    changed = heard(lambda event: event["racers"][1]["ratio"])
    assert changed["racers"][1]["arriving"] > 100
    with events() as told:
        start_arrivals(5, "20ms", "delay")
        backlog = first(told, lambda event: event["rate"] == 5)["racers"][0]["in_flight"]
    if backlog <= 5:
        raise TooLate("the backlog had been served")
    left = heard(lambda event: event["racers"][0]["kind"] == "keeps-up" and event["racers"][0]["ratio"])
    assert left["users"] == 1000  # clients do not leave during a run


def test_users_who_come_while_others_still_leave_are_all_there_in_the_end() -> None:
    start(20, "200ms", "delay")  # ten rounds of the two processes
    heard(lambda event: event["racers"][0]["in_flight"] == 20)
    start(2, "200ms", "delay")
    start(12, "200ms", "delay")
    heard(lambda event: event["state"] == "running" and set(by_racer(event, "users").values()) == {12})


def test_whoever_joins_hears_all_of_it_at_once_and_everybody_the_same() -> None:
    start(4, "20ms", "delay")
    heard(lambda event: all(racer["requests"] for racer in event["racers"]))
    with events() as one, events() as other:
        joined = next(other)
        assert (joined["state"], joined["users"]) == ("running", 4)
        assert all(racer["requests"] for racer in joined["racers"])
        assert joined in islice(one, 40)  # it may have heard earlier ones before


def test_a_loop_that_stands_still_is_told_by_its_own_service_until_it_runs_again() -> None:
    start(8, "500ms", "blocking")
    red = heard(lambda event: event["racers"][1]["stands"])
    assert re.match(r"event loop stands still, |/metrics unanswered for \d", red["racers"][1]["stands"])
    assert red["racers"][0]["stands"] is None
    named = heard(lambda event: event["racers"][1]["caption"].startswith("held by "))
    line = 1 + Path(blocking.__file__).read_text().partition("time.sleep(asked.duration)")[0].count("\n")
    assert f"async_app/blocking.py:{line}" in (ROOT / "docs" / "workshop.md").read_text()
    assert re.match(rf"held by time\.sleep in async_app/blocking\.py:{line},? ", named["racers"][1]["caption"])
    assert "held by" not in named["racers"][0]["caption"]
    start(8, "500ms", "offload")
    with events() as told:
        old = first(told, lambda event: event["scenario"] == "offload")["racers"][1]
        assert (old["kind"].removesuffix("-held"), old["requests"]) == ("old", 0)
        first(told, lambda event: not event["racers"][1]["stands"] and not event["racers"][1]["kind"].startswith("old"))
        first(told, lambda event: "held by" not in event["racers"][1]["caption"])
    last = stopped()
    for name, count in counted().items():  # with the requests of each user from before the change
        assert 1 <= count - by_racer(last, "requests")[name] <= 8


@at_best()
def test_a_start_waits_for_the_last_answers_of_the_run_before() -> None:
    start(12, "500ms", "delay")
    heard(lambda event: event["racers"][0]["in_flight"] == 12)
    with events() as told:
        post("stop", {})
        stopping = first(told, lambda event: event["state"] != "running")
    refused = post("start", {"users": 1, "delay": "1s", "scenario": "delay"})
    left = stopping["racers"][0]["in_flight"]
    if left <= 1 or refused.status == 200:
        stopped()
        raise TooLate("the run before had ended")
    assert stopping["state"] == "stopping"
    assert stopping["racers"][0]["caption"] == f"stopping: {left} requests still in flight"
    all_left = sum(racer["in_flight"] for racer in stopping["racers"])
    assert stopping["lead"]["sentence"] == f"Stopping: {all_left} requests still in flight"
    assert refused.status == 409
    assert refused.problem.startswith("The previous run still waits for its last answers")


def test_what_cannot_be_run_is_one_sentence_and_nothing_starts() -> None:
    mistakes: list[Any] = [{"users": 0, "delay": "1s", "scenario": "delay"}, [], "nonsense"]
    for said in mistakes:
        refused = post("start", said)
        assert refused.status == 400
        assert refused.problem.endswith(".")
    refused = ask("/race/start", "{", Content_Type="application/json")
    assert (refused.status, refused.problem) == (
        400,
        "A start takes a JSON object with users or rate, delay and scenario.",
    )
    assert heard(lambda _: True)["state"] == "ready"


@pytest.mark.parametrize("what", ["start", "stop"])
def test_no_page_of_another_site_starts_or_stops_anything(what: str) -> None:
    wish = json.dumps({"users": 1, "delay": "1s", "scenario": "delay"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert ask(f"/race/{what}", wish, Content_Type=kind).status == 415
    for origin in ("http://other.example", "null", "http://127.0.0.1:1", f"https://127.0.0.1:{ports.LOCUST}"):
        refused = ask(f"/race/{what}", wish, Content_Type="application/json", Origin=origin)
        assert (refused.status, refused.problem.endswith(f"came from {origin}.")) == (403, True)
    assert heard(lambda _: True)["state"] == "ready"
    assert ask(f"/race/{what}", wish, Content_Type="application/json", Origin=URL).status == 200
    assert ask(f"/race/{what}").status == 404


def test_locusts_own_page_works_as_before_and_its_run_is_shown() -> None:
    start(2, "30ms", "sse")
    heard(lambda event: all(racer["requests"] for racer in event["racers"]))
    stopped()
    assert ask("/").status == 200
    form = urlencode({"user_count": 4, "spawn_rate": 4, "host": "", "delay": "40ms", "think": "0", "stagger": "0.1"})
    swarmed = ask("/swarm", form, Content_Type="application/x-www-form-urlencoded")
    assert json.loads(swarmed.body)["success"], swarmed.body
    shown = heard(lambda event: all(racer["requests"] > 4 for racer in event["racers"]))
    assert (shown["state"], shown["users"], shown["delay"], shown["ends"]) == ("running", 2, "40ms", None)
    asked = {entry["name"].partition(" ")[2] for entry in json.loads(ask("/stats/requests").body)["stats"]}
    assert not any(target.startswith("/sse") for target in asked)
    start(3, "20ms", "drip")
    heard(lambda event: event["scenario"] == "drip" and set(by_racer(event, "users").values()) == {3})
