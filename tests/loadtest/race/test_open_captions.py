from dataclasses import replace
from typing import Any

import pytest

from loadtest.contenders.service import Service, lineup
from loadtest.race.captions import RUNNING, STARTING, Race, caption
from loadtest.workload.open import Open
from loadtest.workload.scenarios import demand
from tests.loadtest.support.racers import figures

KNOWN = lineup(2)
FLASK, THREADS, GEVENT, AIOHTTP = (KNOWN[name] for name in ("flask", "flask-threads", "flask-gevent", "aiohttp"))
REFUSING = replace(THREADS, max_in_flight=8)


def said(
    service: Service, rate: float, scenario: str = "delay", error: str | None = None, state: str = RUNNING, **seen: Any
) -> str:
    """Return the caption of a racer whose requests wait 100 ms, except for the figures in `seen`."""
    load = Open(rate, clients=1000)
    foretold = demand(scenario, service, 0.1)
    steady = {"in_flight": 30, "due": 1_000, "arriving": 200.0, "growth": 0.0, "ratio": None}
    now = figures(load, foretold, **{**steady, **seen})
    return caption(Race(state, scenario, load), service, foretold, now, error).sentence


@pytest.mark.parametrize(
    ("service", "rate", "seen", "sentence"),
    [
        (THREADS, 300, {}, "keeps up: 64 threads carry 640 arrivals/s at most; 30 requests in flight"),
        (THREADS, 300, {"growth": None}, "64 threads carry 640 arrivals/s at most; 30 requests in flight"),
        (AIOHTTP, 300, {}, "keeps up: 30 requests wait on 2 event loops"),
        (
            AIOHTTP,
            300,
            {"held": 0.49},
            "keeps up, but 49% of the requests drawn wait for a busy event loop",
        ),
        (AIOHTTP, 300, {"in_flight": 1}, "keeps up: 1 request waits on 2 event loops"),
        (GEVENT, 300, {}, "keeps up: 30 requests wait on the greenlets of 2 processes"),
        (
            AIOHTTP,
            300,
            {"in_flight": 700, "growth": -55.0},
            "the backlog shrinks by 55 a second; 700 requests wait on 2 event loops",
        ),
        (AIOHTTP, 300, {"in_flight": 40, "growth": -2.0}, "keeps up: 40 requests wait on 2 event loops"),
        (
            AIOHTTP,
            300,
            {"growth": 150.0, "throughput": 150.0, "behind": True},
            "50% of the arrivals are answered: the backlog grows by 150 a second, for a reason outside the model",
        ),
        (THREADS, 800, {"growth": 158.0}, "diverges: the backlog grows by 158 a second (predicted: 160)"),
        (FLASK, 52.5, {"growth": 2.6}, "diverges: the backlog grows by 2.6 a second (predicted: 2.5)"),
        (THREADS, 800, {"growth": None}, "will diverge: 64 threads carry 640 of 800 arrivals/s"),
        (
            THREADS,
            800,
            {"growth": 79.0},
            "64 threads carry 640 of 800 arrivals/s; the backlog hardly grows yet (predicted: 160 a second)",
        ),
        (FLASK, 50, {"growth": 1.0}, "at its limit: 5 processes carry 50 of 50 arrivals/s, so a backlog stays"),
        (THREADS, 640, {"growth": 1.0}, "at its limit: 64 threads carry 640 of 640 arrivals/s, so a backlog stays"),
        (
            FLASK,
            800,
            {"failed": 900, "error": "gave up: no answer within the patience"},
            "diverges: 180 a second fail; most frequent error so far: gave up: no answer within the patience",
        ),
        (
            REFUSING,
            300,
            {"failed": 700, "error": "status 503 instead of 200"},
            "an in-flight limit of 16 carries 160 of 300 arrivals/s; 140 a second fail; "
            "most frequent error so far: status 503 instead of 200",
        ),
        (REFUSING, 300, {}, "an in-flight limit of 16 carries 160 of 300 arrivals/s; 0 a second fail"),
        (THREADS, 300, {"failed": 11}, "11 of the last 1000 requests failed"),
        (
            AIOHTTP,
            300,
            {"scenario": "query", "growth": 99.0},
            "diverges: the backlog grows by 99 a second (predicted: 100)",
        ),
        (
            AIOHTTP,
            10,
            {"scenario": "blocking"},
            "keeps up: 2 event loops carry 20 arrivals/s at most; 30 requests in flight",
        ),
        (AIOHTTP, 300, {"scenario": "file"}, "30 requests in flight; their wait cannot be predicted"),
        (AIOHTTP, 300, {"state": STARTING, "users": 200}, "starting: 200 of 1000 clients"),
    ],
)
def test_a_caption_says_whether_a_service_carries_its_arrivals(
    service: Service, rate: float, seen: dict[str, Any], sentence: str
) -> None:
    assert said(service, rate, **seen) == sentence
