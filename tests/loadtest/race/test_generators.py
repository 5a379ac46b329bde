"""A race whose users run in two processes, under the Locust master that serves its page."""

import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import psutil
import pytest

from contract import ports
from tests.loadtest.support.commands import Serving, alone, serving
from tests.loadtest.support.racing import ask, events, first, heard, post, start, start_arrivals, stopped

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # the well-known ports allow one test at a time

RACE = ("race", "--services", "flask:workers=2,aiohttp:workers=1", "--generators", "2")


@pytest.fixture(scope="module")
def race() -> Iterator[Serving]:
    with alone() as environment, serving(environment, *RACE) as raced:
        raced.hear("Ctrl-C stops everything")
        yield raced


def generators(race: Serving) -> list[psutil.Process]:
    """Return both load generators."""
    both = [each for each in race.processes if "--worker" in each.cmdline()]
    return sorted(both, key=lambda each: each.environ()["GENERATOR"])


def of_each(event: Any, figure: str) -> list[Any]:
    return [racer[figure] for racer in event["racers"]]


def answered(port: int) -> int:
    """Return the number of answers to /delay so far, by the service's own count."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    exposition = connection.getresponse().read().decode()
    connection.close()
    found = re.findall(r'^http_requests_total\{operation="delay",status="200"\} (\S+)$', exposition, re.MULTILINE)
    return sum(int(float(each)) for each in found)


def users_of_both_are_drawn(event: Any) -> bool:
    """Return True if all eight users of each racer have a mark; generators take the places of the marks in turn."""
    held, waiting = (racer["pictures"][-1].rstrip() for racer in event["racers"])
    return len(held) == len(waiting) == 8 and "h" in held[::2] and "h" in held[1::2] and "w" in waiting[1::2]


def test_users_of_both_load_generators_are_drawn_and_counted_as_their_services_count_them(race: Serving) -> None:
    assert len(generators(race)) == 2
    start(8, "50ms", "delay")
    with events() as told:
        event = first(told, users_of_both_are_drawn)
        assert (event["state"], event["users"], event["generators"]) == ("running", 8, 2)
        assert (of_each(event, "users"), of_each(event, "looked_at")) == ([8, 8], [8, 8])
        event = first(told, lambda event: all(of_each(event, "ratio")))
        assert of_each(event, "predicted") == [pytest.approx(40), pytest.approx(160)]
        assert all(0 < each <= 1.1 for each in of_each(event, "ratio"))
        last = stopped()
    assert of_each(last, "requests") == [answered(port) for port in (ports.SYNC_APP, ports.ASYNC_APP)]
    assert of_each(last, "in_flight") == of_each(last, "users") == [0, 0]


def test_both_load_generators_together_send_the_arrivals_that_one_would(race: Serving) -> None:  # noqa: ARG001 - runs
    start_arrivals(40, "20ms", "delay")
    event = heard(lambda event: all(of_each(event, "requests")))
    assert (event["rate"], event["users"]) == (40, 400)
    start_arrivals(80, "20ms", "delay")
    changed = heard(lambda event: event["rate"] == 80 and of_each(event, "ratio")[1])
    assert of_each(changed, "predicted")[1] == pytest.approx(80)
    assert all(50 < each < 120 for each in of_each(changed, "arriving"))
    stopped()


def test_a_silent_load_generator_is_named_and_no_figure_is_shown_without_it(race: Serving) -> None:
    start(8, "50ms", "delay")
    heard(lambda event: all(of_each(event, "ratio")) and users_of_both_are_drawn(event))
    second = generators(race)[1]
    second.suspend()
    try:
        silent = heard(lambda event: event["lead"]["kind"] == "silent")
        assert silent["lead"]["sentence"] == "No result: not all load generators answer"
        assert re.match(r"Load generator 2 has been silent for \d+ s: ", silent["doubt"])
        for figure in ("throughput", "ratio", "p50", "p99"):
            assert of_each(silent, figure) == [None, None]
        assert of_each(silent, "caption") == ["no figures until all load generators answer"] * 2
        assert {*silent["racers"][1]["pictures"][-1][1::2].rstrip()} == {"?"}
        refused = post("start", {"users": 4, "delay": "50ms", "scenario": "delay"})
        assert (refused.status, refused.problem) == (
            409,
            "Not all of the 2 load generators answer; start again when they do.",
        )
    finally:
        second.resume()
    again = heard(lambda event: all(of_each(event, "ratio")))
    assert (of_each(again, "users"), again["doubt"].startswith("Load generator")) == ([8, 8], False)


def test_a_load_generator_that_ends_is_named_and_ends_the_race(race: Serving) -> None:
    assert ask("/twins").status == 200
    generators(race)[0].kill()
    race.hear("generator-1 exited with status -9")
    assert race.end() == 1
