import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from loadtest.contenders.service import Service, lineup
from loadtest.race.captions import READY, RUNNING, STARTING, STOPPING, Race, caption
from loadtest.workload.closed import Closed
from loadtest.workload.scenarios import ABOUT, demand
from tests.loadtest.support.racers import figures

KNOWN = lineup(2)
ALONE = replace(KNOWN["aiohttp"], workers=1, threads=1, pool_size=1)
FLASK, THREADS, GEVENT, AIOHTTP = (KNOWN[name] for name in ("flask", "flask-threads", "flask-gevent", "aiohttp"))


def said(
    service: Service,
    scenario: str | None = "delay",
    users: int = 400,
    state: str = RUNNING,
    error: str | None = None,
    **seen: Any,
) -> str:
    """Return the caption of a racer that meets its prediction, except for the figures in `seen`."""
    foretold = None if scenario is None else demand(scenario, service, 0.1)
    race = Race(state, scenario, Closed(seen.pop("wanted", users)))
    now = figures(Closed(users), foretold, **seen)
    return caption(race, service, foretold, now, error).sentence


@pytest.mark.parametrize(
    ("service", "seen", "sentence"),
    [
        (THREADS, {}, "64 threads, all in use: 336 requests wait for one"),
        (THREADS, {"users": 65}, "64 threads, all in use: 1 request waits for one"),
        (THREADS, {"ratio": 0.89}, "64 threads for 400 requests in flight: at least 336 wait for one"),
        (THREADS, {"ratio": None}, "64 threads for 400 requests in flight: at least 336 wait for one"),
        (THREADS, {"in_flight": 60}, "64 threads for 60 requests in flight"),
        (THREADS, {"users": 64}, "room for all: 64 threads for 64 requests in flight"),
        (THREADS, {"users": 1}, "room for all: 64 threads for 1 request in flight"),
        (THREADS, {"users": 64, "ratio": 0.88}, "88% of the prediction, for a reason outside the model"),
        (FLASK, {}, "5 processes, all in use: 395 requests wait for one"),
        (GEVENT, {}, "no limit: 400 requests wait at once on the greenlets of 2 processes"),
        (AIOHTTP, {}, "no limit: 400 requests wait at once on 2 event loops"),
        (AIOHTTP, {"ratio": None}, "no limit: 400 requests wait on 2 event loops"),
        (AIOHTTP, {"ratio": 0.5}, "50% of the prediction, for a reason outside the model"),
        (
            AIOHTTP,
            {"held": 0.49},
            "49% of the requests drawn wait for a busy event loop",
        ),
        (
            AIOHTTP,
            {"held": 0.82, "ratio": 0.18},
            "18% of the prediction: 82% of the requests drawn wait for a busy event loop",
        ),
        (AIOHTTP, {"held": 0.09}, "no limit: 400 requests wait at once on 2 event loops"),
        (GEVENT, {"held": 0.49}, "49% of the requests drawn wait for a busy process"),
        (
            THREADS,
            {"users": 64, "held": 0.49},
            "49% of the requests drawn wait for a busy core",
        ),
        (THREADS, {"held": 0.84}, "64 threads, all in use: 336 requests wait for one"),
        (ALONE, {}, "no limit: 400 requests wait at once on 1 event loop"),
        (
            THREADS,
            {"scenario": "query"},
            "20 connections of the database pool, all in use: 380 requests wait for one",
        ),
        (AIOHTTP, {"scenario": "fetch"}, "20 connections of the upstream pool, all in use: 380 requests wait for one"),
        (ALONE, {"scenario": "query"}, "1 connection of the database pool, all in use: 399 requests wait for one"),
        (AIOHTTP, {"scenario": "blocking"}, "2 event loops, all in use: 398 requests wait for one"),
        (AIOHTTP, {"scenario": "offload"}, "64 threads, all in use: 336 requests wait for one"),
        (THREADS, {"scenario": "cpu"}, "2 cores, all in use: 398 requests wait for one"),
        (FLASK, {"scenario": "mixed"}, "predicted bottleneck of the mix: 5 processes"),
        (
            AIOHTTP,
            {"scenario": "mixed"},
            "predicted bottleneck of the mix: 20 connections of the database pool",
        ),
        (AIOHTTP, {"scenario": "file"}, "400 requests in flight; their wait cannot be predicted"),
        (AIOHTTP, {"scenario": None}, "400 requests in flight; their wait cannot be predicted"),
        (AIOHTTP, {"scenario": "ask"}, "no limit: 400 requests wait at once on 2 event loops"),
    ],
)
def test_a_caption_says_what_to_look_at(service: Service, seen: dict[str, Any], sentence: str) -> None:
    assert said(service, **seen) == sentence


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (
            {"answered": 0},
            "deadlock: all 5 slots wait for requests that need a slot",
        ),
        (
            {"answered": 10, "failed": 5},
            "deadlock: all 5 slots wait for requests that need a slot; 5 of the last 10 failed",
        ),
        ({"answered": 100, "failed": 49}, "49 of the last 100 requests failed"),
        ({"answered": 100, "failed": 0}, "400 requests in flight; their wait cannot be predicted"),
        ({"in_flight": 4, "answered": 0}, "4 requests in flight; their wait cannot be predicted"),
    ],
)
def test_a_deadlock_is_named_where_it_is_foretold_and_nobody_is_answered(seen: dict[str, Any], sentence: str) -> None:
    assert said(FLASK, "ask", **seen) == sentence


@pytest.mark.parametrize(
    ("seen", "error", "sentence"),
    [
        ({"failed": 11}, None, "11 of the last 1000 requests failed"),
        ({"failed": 10}, "status 503", "64 threads, all in use: 336 requests wait for one"),
        (
            {"answered": 1, "failed": 1},
            "status 503 instead of 200",
            "1 of the last 1 requests failed; most frequent error so far: status 503 instead of 200",
        ),
    ],
)
def test_requests_that_fail_come_first(seen: dict[str, Any], error: str | None, sentence: str) -> None:
    assert said(THREADS, error=error, **seen) == sentence


@pytest.mark.parametrize(
    ("state", "seen", "sentence"),
    [
        (READY, {"users": 0}, "No race is running. These are the last figures."),
        (READY, {"users": 0, "throughput": None}, "No race is running."),
        (STARTING, {"users": 120, "wanted": 400}, "starting: 120 of 400 users"),
        (STARTING, {"users": 400, "wanted": 10}, "390 users leave after their last answer"),
        (STARTING, {}, "64 threads, all in use: 336 requests wait for one"),
        (RUNNING, {"users": 0, "wanted": 10}, "No users here."),
        (STOPPING, {}, "stopping: 400 requests still in flight"),
        (STOPPING, {"in_flight": 1}, "stopping: 1 request still in flight"),
        (
            STOPPING,
            {"users": 3, "in_flight": 0},
            "stopped: all requests are answered; the last figures from before the stop stay",
        ),
        (RUNNING, {"old": 18}, "18 requests from before the change are still in flight"),
        (RUNNING, {"old": 1}, "1 request from before the change is still in flight"),
    ],
)
def test_a_caption_says_when_a_race_comes_or_goes(state: str, seen: dict[str, Any], sentence: str) -> None:
    scenario = None if state == READY or seen.get("users") == 0 else "delay"
    assert said(THREADS, scenario, state=state, **seen) == sentence


@pytest.mark.parametrize("scenario", ABOUT)
@pytest.mark.parametrize("service", [FLASK, THREADS, GEVENT, AIOHTTP, ALONE], ids=lambda service: service.name)
def test_no_caption_lets_more_requests_wait_than_there_are_too_many_in_flight(scenario: str, service: Service) -> None:
    matches = 0
    for users, in_flight, ratio in product((1, 5, 64, 400), (0, 1, 64, 399), (None, 0.5, 1.0)):
        sentence = said(service, scenario, users, in_flight=min(users, in_flight), ratio=ratio)
        held = re.search(r"^(\d+) .*?(\d+)(?: requests?)? waits? for one$", sentence)
        if held:
            matches += 1
            assert int(held[1]) + int(held[2]) == min(users, in_flight), sentence
    foretold = demand(scenario, service, 0.1)
    limits = [] if foretold is None or scenario in ("mixed", "ask") else foretold.limits
    assert (matches > 0) == any(limit.capacity < 399 for limit in limits), matches
