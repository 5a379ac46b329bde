import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import pairwise, takewhile
from typing import Any

import psutil
import pytest

from backing.environment import upstream
from loadtest.contenders.request import Request
from loadtest.contenders.service import lineup
from loadtest.generator.driver import Driver, GeneratorFailed, generator
from loadtest.generator.orders import Job, Order
from loadtest.processes.service import running
from loadtest.results.arrivals import Arrived
from loadtest.results.exchange import Exchange
from loadtest.verdict.arrivals import REFUSALS
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.backing.support.databases import own_database
from tests.loadtest.support.processes import living
from tests.loadtest.support.servers import absent, answering, dropping, silent
from tests.support.stalls import SLACK, TooLate, at_best, within

pytestmark = [pytest.mark.slow, pytest.mark.measures]

WAIT = 0.05
PATIENCE = 2 * SLACK
"""Seconds to wait for a request that opens or closes a window, so that a stall does not leave the window empty."""

SHORT = Order(Closed(4), warmup=0.2, window=0.5, patience=PATIENCE)
THINKING = replace(SHORT, load=Closed(4, think=0.02))
UNHURRIED = 60.0
"""A deadline in seconds that no stall exceeds."""


def job(url: str, path: str | None = None, scenario: str = "delay") -> Job:
    return Job("service", url, scenario, "50ms", WAIT, () if path is None else (Request(path),))


def measured(url: str, order: Order = SHORT, path: str | None = None) -> dict[str, Any]:
    with generator() as driver:
        driver.begin(job(url, path))
        return driver.measure(order)


def generators() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "loadtest.generator.process" in child.cmdline()]


def check_told(window: dict[str, Any]) -> None:
    """Check that the service reported every request, with times within the users' times (0.1 ms of rounding each).

    Users take the times of their requests once, for Locust's statistics and for the service's times alike.
    """
    told = window["service_times"]
    rounding = 0.1 * told["requests"]
    assert told["requests"] == window["requests"]
    assert told["response_ms"] == pytest.approx(window["response_ms"], rel=1e-9)
    assert told["response_ms"] >= told["served_ms"] + told["received_ms"] - rounding
    assert told["served_ms"] >= told["waited_ms"] - rounding


def all_answered(window: dict[str, Any]) -> None:
    """Check that there were requests, and that all were answered. Raise TooLate if the service gave one up."""
    if any(f"status {status}" in error for error in window["errors"] for status in (503, 504)) or window["unfinished"]:
        raise TooLate(f"{window['errors']}, {window['unfinished']} unfinished")
    assert window["requests"] > 0
    assert (window["failures"], window["errors"]) == (0, {})


def check(window: dict[str, Any], users: int, think: float = 0.0) -> None:
    """Check that no request is lost or counted twice, and that no response came too early.

    Raise TooLate if the requests in flight contradict Little's law: a stall at an edge of the window counts in full.
    """
    all_answered(window)
    requests, seconds = window["requests"], window["seconds"]
    response = window["response_ms"] / requests / 1000
    assert sum(window["latency"].values()) == requests
    assert min(map(float, window["latency"])) >= WAIT * 1000 * 0.995
    assert requests <= users * (seconds / (WAIT + think) + 1)
    assert 0 < window["generator_cpu"] < 1.1
    check_told(window)
    lost = Closed(users, think).missing(requests / seconds, response)
    within(0.3 * users + 2 * (response + think) / seconds, abs(lost))  # a busy machine may delay the edges


@pytest.fixture(scope="module")
def aiohttp() -> Iterator[str]:
    with (
        own_database() as own,
        upstream() as (url, _),
        running(replace(lineup(2)["aiohttp"], workers=1), {"DATABASE_URL": own.url, "UPSTREAM_URL": url}) as server,
    ):
        yield server.url


@at_best()
def test_against_a_real_service_the_figures_obey_littles_law(aiohttp: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp))
        for users in (1, 8):
            order = Order(Closed(users), warmup=0.3, window=0.7, patience=PATIENCE)
            window = driver.measure(order)
            assert window["seconds"] >= order.window
            check(window, users)
            assert window["service_times"]["waited_ms"] >= (WAIT * 1000 - 0.1) * window["requests"]


@at_best()
def test_the_first_requests_of_each_user_are_kept_one_by_one_in_the_order_of_sending(aiohttp: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp))
        for users, kept in ((30, 30), (2, 2), (110, 100)):  # four of each user, but of no more than a hundred
            window = driver.measure(Order(Closed(users), warmup=0.8, window=0.3, patience=PATIENCE))
            first = [Exchange(*each) for each in window["first"]]
            if len(first) < 4 * kept or any(each.ended is None for each in first):
                raise TooLate(f"{len(first)} requests")
            sent_by = Counter(each.user for each in first)
            assert sent_by == dict.fromkeys(range(1, kept + 1), 4)
            assert [*sent_by] == [*range(1, kept + 1)]  # numbered in the order of their first requests
            for user in sent_by:
                own = [each for each in first if each.user == user]
                assert all(one.ended <= after.sent for one, after in pairwise(own) if one.ended is not None)
            assert [each.sent for each in first] == sorted(each.sent for each in first)
            assert first[0].sent >= 0
            for each in first:
                assert each.headed is not None
                assert each.ended is not None
                assert each.sent <= each.began <= each.headed <= each.ended
                assert WAIT <= each.waited <= each.served + 0.0001
                assert (each.timed, each.status) == (True, 200)
            (served_by,) = {each.served_by for each in first}  # one worker, so one process
            told = re.fullmatch(r"async_app; pid=(\d+); lane=loop", served_by)
            assert told
            assert psutil.pid_exists(int(told[1]))


@at_best()
def test_users_who_think_obey_littles_law_too(aiohttp: str) -> None:
    window = measured(aiohttp, Order(Closed(8, think=0.1), warmup=0.3, window=0.7, patience=PATIENCE))
    check(window, 8, think=0.1)


@at_best()
def test_a_step_may_ask_for_another_delay_and_the_next_asks_for_that_of_the_job_again(aiohttp: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp))
        shorter = driver.measure(Order(Closed(8), warmup=0.2, window=0.3, patience=PATIENCE, delay=0.01))
        shortest = min(map(float, shorter["latency"])) / 1000
        assert shortest >= 0.01 * 0.995
        within(WAIT, shortest)
        check(driver.measure(Order(Closed(2), warmup=0.3, window=0.5, patience=PATIENCE)), 2)


@pytest.mark.parametrize("scenario", ["fanout", "fetch", "query", "ask", "drip", "sse", "offload"])
@at_best()
def test_every_kind_of_waiting_is_answered_as_promised_and_not_before_its_time(aiohttp: str, scenario: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp, scenario=scenario))
        check(driver.measure(SHORT), SHORT.load.most_in_flight)


@pytest.mark.parametrize("scenario", ["file", "mixed"])
@at_best()
def test_a_scenario_that_takes_no_certain_time_is_answered_as_promised(aiohttp: str, scenario: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp, scenario=scenario))
        all_answered(driver.measure(SHORT))


def test_a_scenario_of_a_stranger_is_its_path() -> None:
    with answering(200, b"") as url, generator() as driver:
        driver.begin(job(url, "/slow", scenario="query"))
        window = driver.measure(THINKING)
    assert window["requests"] > window["failures"] == 0


def test_requests_that_are_never_answered_are_unfinished_and_hold_nobody_up() -> None:
    with silent() as url, generator() as driver:
        driver.begin(job(url))
        started = generators()
        window = driver.measure(replace(SHORT, patience=0.3))
    assert (window["requests"], window["failures"], window["latency"]) == (0, 0, {})
    assert window["unfinished"] == SHORT.load.most_in_flight
    assert window["seconds"] >= SHORT.window
    assert len(started) == 1
    assert living(started) == []


@pytest.mark.parametrize(
    ("server", "path", "kind"),
    [
        (absent, None, "Connection refused"),
        (partial(answering, 200, b"{}"), None, "unexpected body: b'{}'"),
        (partial(answering, 302, b"", Location="/elsewhere"), "/", "status 302 instead of 200"),
        (partial(nullcontext, "http://127.0.0.1:99999"), None, "Port out of range"),
    ],
    ids=["nobody", "wrong", "redirect", "nowhere"],
)
@at_best()
def test_what_is_not_the_promised_answer_is_a_failure_by_its_kind(
    server: Callable[[], AbstractContextManager[str]], path: str | None, kind: str
) -> None:
    with server() as url:
        window = measured(url, THINKING, path)
    assert window["failures"] == window["requests"] > 0
    if window["unfinished"]:
        raise TooLate("requests were in flight for the whole window")
    (told,) = window["errors"]
    assert kind in told
    assert window["errors"][told] == window["failures"]


def test_a_question_that_nobody_can_be_asked_is_a_failure() -> None:
    with answering(200, b"") as url, generator() as driver:
        driver.begin(replace(job(url, scenario="ask"), delay="soon"))
        window = driver.measure(THINKING)
    assert window["failures"] == window["requests"] > 0
    (told,) = window["errors"]
    assert "soon" in told


def test_a_slash_at_the_end_of_a_url_changes_nothing() -> None:
    with answering(200, b"") as url:
        window = measured(f"{url}/", THINKING, "/")
    assert window["requests"] > window["failures"] == 0


@at_best()
def test_what_is_sent_again_is_counted_in_the_window_and_the_window_is_divided() -> None:
    with dropping(5) as url, generator() as driver:
        driver.begin(job(url, scenario="sse"))  # any body will do
        window = driver.measure(THINKING)
    assert window["requests"] > window["failures"] == 0
    if window["requests"] < 10:
        raise TooLate("too few requests")
    assert 0 < window["resent"] <= window["requests"] / 4 + THINKING.load.most_in_flight
    assert window["reconnected"] == 0
    assert len(window["course"]) == 16
    for figure in ("seconds", "requests", "response_ms"):
        assert sum(each[figure] for each in window["course"]) == pytest.approx(window[figure])


def test_good_answers_are_those_within_each_deadline(aiohttp: str) -> None:
    window = measured(aiohttp, replace(SHORT, deadlines=(WAIT / 2, UNHURRIED)))
    assert window["good"] == [0, window["requests"]]


def scheduled(load: Open, order: Order) -> int:
    """Return the number of arrivals of a window by its schedule."""
    starts = takewhile(lambda start: start < order.warmup + order.window, load.schedule(order.repeat))
    return sum(start >= order.warmup for start in starts)


def arrivals_of(window: dict[str, Any], load: Open, order: Order) -> Arrived:
    """Return the arrivals of a window, and check that none is missing and none was early.

    Raise TooLate if they contradict Little's law: a stall at an edge of the window counts in full.
    """
    arrived = Arrived(**window["arrivals"])
    assert arrived.offered == scheduled(load, order)
    served = arrived.offered - arrived.lost
    assert sum(window["latency"].values()) == sum(arrived.service_ms.values()) == served
    assert sum(arrived.late_ms.values()) <= arrived.offered - arrived.waited
    assert (arrived.early, arrived.clients, arrived.seconds) == (0, load.most_in_flight, order.window)
    spent = arrived.spent_ms / 1000
    if contradiction := load.contradiction(arrived.in_flight, spent, order.window, arrived.edges):
        raise TooLate(contradiction)
    return arrived


@pytest.mark.parametrize(("load", "repeat"), [(Open(100), 1), (Open(100), 2), (Open(50, "even"), 1)])
@at_best()
def test_every_arrival_is_sent_at_its_time_and_accounted_for(aiohttp: str, load: Open, repeat: int) -> None:
    order = Order(load, warmup=0.3, window=1.0, patience=load.patience, repeat=repeat, deadlines=(WAIT / 2, UNHURRIED))
    with generator() as driver:
        driver.begin(job(aiohttp))
        driver.measure(SHORT)  # its users leave before the first arrival
        window = driver.measure(order)
        check(driver.measure(SHORT), SHORT.load.most_in_flight)  # users again, as before
    arrived = arrivals_of(window, load, order)
    if arrived.waited:
        raise TooLate("no client was free")
    assert (window["failures"], window["errors"], arrived.lost) == (0, {}, 0)
    assert min(map(float, window["latency"])) >= WAIT * 1000 * 0.995
    assert min(arrived.service_ms) >= WAIT * 1000 * 0.995
    assert window["good"] == [0, arrived.offered]
    assert arrived.shares == [arrived.offered]  # one worker


@pytest.mark.parametrize("scenario", ["ask", "mixed"])
@at_best()
def test_arrivals_of_other_scenarios_are_answered_as_promised(aiohttp: str, scenario: str) -> None:
    order = Order(Open(40), warmup=0.2, window=0.5, patience=10.0)
    with generator() as driver:
        driver.begin(job(aiohttp, scenario=scenario))
        window = driver.measure(order)
    arrived = arrivals_of(window, Open(40), order)
    all_answered(window)
    assert arrived.lost == 0


@at_best()
def test_with_too_few_clients_arrivals_wait_and_latency_counts_from_the_intended_start(aiohttp: str) -> None:
    load = Open(60, "even", clients=2)  # two clients send 40 requests of 50 ms in a second
    order = Order(load, warmup=0.3, window=0.5, patience=load.patience)
    with generator() as driver:
        driver.begin(job(aiohttp))
        window = driver.measure(order)
    arrived = arrivals_of(window, load, order)
    assert arrived.lost == 0
    assert arrived.waited == arrived.offered == 30
    assert arrived.late_ms == {}  # not by the load generator's own fault
    # after 0.3 s two thirds of the arrivals have been sent: the next is 0.1 s late, and ever later
    assert min(map(float, window["latency"])) >= WAIT * 1000 + 0.1 * 1000 - 20
    assert max(map(float, window["latency"])) >= max(arrived.service_ms) + 100
    assert arrived.in_flight > 2
    assert arrived.slope > 5


@at_best()
def test_the_statistics_of_locust_show_the_latencies_from_the_intended_start(aiohttp: str) -> None:
    load = Open(10, seed=769, clients=1)  # the last of ten arrivals comes 0.7 s before the end
    order = Order(load, warmup=0.0, window=1.5, patience=load.patience)
    with generator() as driver:
        driver.begin(job(aiohttp))
        window = driver.measure(order)
    arrived = arrivals_of(window, load, order)
    if window["requests"] != arrived.offered:
        raise TooLate("the last one did not end in the window: Locust counts answers")
    latency = sum(float(milliseconds) * number for milliseconds, number in window["latency"].items())
    assert window["response_ms"] == pytest.approx(latency, rel=0.006)  # each is rounded to three digits
    assert window["response_ms"] > window["service_times"]["response_ms"] + 100  # some waited for the only client
    assert arrived.waited > 0


@at_best()
def test_clients_of_a_silent_server_give_up_when_their_patience_is_over() -> None:
    load = Open(40, "even", patience=0.3)
    order = Order(load, warmup=0.5, window=0.5, patience=load.patience)
    with silent() as url, generator() as driver:
        driver.begin(job(url))
        window = driver.measure(order)
    arrived = arrivals_of(window, load, order)
    assert arrived.lost == arrived.offered == 20
    assert arrived.spent_ms == pytest.approx(20 * 300)
    assert arrived.in_flight == pytest.approx(12)
    assert window["latency"] == {}
    if "gave up: no answer within the patience" not in window["errors"]:
        raise TooLate(f"no request was sent in time: {window['errors']}")
    assert window["requests"] == window["failures"] > 0
    assert all(any(text in told for text in REFUSALS) for told in window["errors"])


@at_best()
def test_arrivals_that_are_refused_are_lost_at_once() -> None:
    load = Open(40, "even")
    order = Order(load, warmup=0.2, window=0.5, patience=load.patience)
    with answering(503, b"") as url, generator() as driver:
        driver.begin(job(url, "/"))
        window = driver.measure(order)
    arrived = arrivals_of(window, load, order)
    assert arrived.lost == arrived.offered == 20
    within(20 * 0.3, arrived.spent_ms / 1000)
    (told,) = window["errors"]
    assert any(text in told for text in REFUSALS)


def died_waiting_for_the_window(driver: Driver, kill: Callable[[], None]) -> None:
    kill()
    driver.measure(THINKING)


def died_in_the_window(driver: Driver, kill: Callable[[], None]) -> None:
    driver.open(THINKING)
    kill()
    driver.close(THINKING)


@pytest.mark.parametrize("die", [died_waiting_for_the_window, died_in_the_window])
def test_a_generator_that_dies_is_missed(die: Callable[[Driver, Callable[[], None]], None]) -> None:
    def kill() -> None:
        (process,) = generators()
        process.kill()
        process.wait()

    with answering(200, b"") as url, generator() as driver:
        driver.begin(job(url, "/"))
        with pytest.raises(GeneratorFailed, match=r"^The load generator has exited\."):
            die(driver, kill)


def test_a_generator_that_fails_says_why() -> None:
    nonsense = replace(SHORT, load=Closed("four"))  # type: ignore[arg-type] # wrong on purpose
    with generator() as driver:
        driver.begin(job("http://127.0.0.1:9"))
        with pytest.raises(GeneratorFailed, match=r"has exited\.\nTraceback(.|\n)*\nTypeError: "):
            driver.measure(nonsense)


def test_a_generator_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.generator.driver.READY_WITHIN", 0.0)
    with generator() as driver, pytest.raises(GeneratorFailed, match=r"The load generator sent nothing for 0 s\."):
        driver.begin(job("http://127.0.0.1:9"))
