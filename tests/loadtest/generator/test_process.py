import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
import pytest

from backing.environment import upstream
from loadtest.contenders.service import lineup
from loadtest.generator.driver import Driver, GeneratorFailed, Job, Order, generator
from loadtest.processes.service import running
from loadtest.results.exchange import Exchange
from loadtest.workload.closed import Closed
from tests.backing.support.databases import own_database
from tests.loadtest.support.processes import living
from tests.loadtest.support.servers import absent, answering, dropping, silent

pytestmark = [pytest.mark.slow, pytest.mark.measures]

WAIT = 0.05
SHORT = Order(Closed(4), warmup=0.2, window=0.5, patience=0.3)
THINKING = replace(SHORT, load=Closed(4, think=0.02))


def job(url: str, path: str | None = None, scenario: str = "delay") -> Job:
    return Job("service", url, scenario, "50ms", WAIT, path)


def measured(url: str, order: Order = SHORT, path: str | None = None) -> dict[str, Any]:
    with generator() as driver:
        driver.begin(job(url, path))
        return driver.measure(order)


def generators() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "loadtest.generator.process" in child.cmdline()]


def check_told(window: dict[str, Any]) -> None:
    """Check that the service reported every request, with times within the users' times (0.1 ms of rounding each)."""
    told = window["service_times"]
    rounding = 0.1 * told["requests"]
    assert told["requests"] == window["requests"]
    assert told["response_ms"] <= window["response_ms"] + rounding
    assert told["response_ms"] >= told["served_ms"] + told["received_ms"] - rounding
    assert told["served_ms"] >= told["waited_ms"] - rounding


def check(window: dict[str, Any], users: int, think: float = 0.0) -> None:
    """Check that no request is lost or counted twice, and that no response came too early."""
    requests, seconds = window["requests"], window["seconds"]
    response = window["response_ms"] / requests / 1000
    assert (window["failures"], window["errors"], window["unfinished"]) == (0, {}, 0)
    assert sum(window["latency"].values()) == requests
    assert min(map(float, window["latency"])) >= WAIT * 1000 * 0.995
    assert requests <= users * (seconds / (WAIT + think) + 1)
    lost = Closed(users, think).missing(requests / seconds, response)
    assert abs(lost) <= 0.3 * users + 2 * (response + think) / seconds  # a busy machine may delay the edges
    assert 0 < window["generator_cpu"] < 1.1
    check_told(window)


@pytest.fixture(scope="module")
def aiohttp() -> Iterator[str]:
    with (
        own_database() as own,
        upstream() as (url, _),
        running(replace(lineup(2)["aiohttp"], workers=1), {"DATABASE_URL": own.url, "UPSTREAM_URL": url}) as server,
    ):
        yield server.url


def test_against_a_real_service_the_figures_obey_littles_law(aiohttp: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp))
        for users in (1, 8):
            order = Order(Closed(users), warmup=0.3, window=0.7, patience=5.0)
            window = driver.measure(order)
            assert window["seconds"] >= order.window
            check(window, users)
            assert window["service_times"]["waited_ms"] >= (WAIT * 1000 - 0.1) * window["requests"]


def test_the_first_requests_of_a_step_are_kept_one_by_one_in_the_order_of_sending(aiohttp: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp))
        for users, kept in ((30, 100), (2, 8)):  # four of each user, but no more than a hundred
            window = driver.measure(Order(Closed(users), warmup=0.5, window=0.3, patience=5.0))
            first = [Exchange(*each) for each in window["first"]]
            assert len(first) == kept
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


def test_users_who_think_obey_littles_law_too(aiohttp: str) -> None:
    window = measured(aiohttp, Order(Closed(8, think=0.1), warmup=0.3, window=0.7, patience=5.0))
    check(window, 8, think=0.1)


def test_a_step_may_ask_for_another_delay_and_the_next_asks_for_that_of_the_job_again(aiohttp: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp))
        shorter = driver.measure(Order(Closed(8), warmup=0.2, window=0.3, patience=5.0, delay=0.01))
        assert 0.01 * 0.995 <= min(map(float, shorter["latency"])) / 1000 < WAIT
        check(driver.measure(Order(Closed(2), warmup=0.3, window=0.5, patience=5.0)), 2)


@pytest.mark.parametrize("scenario", ["fanout", "fetch", "query", "ask", "drip", "sse", "offload"])
def test_every_kind_of_waiting_is_answered_as_promised_and_not_before_its_time(aiohttp: str, scenario: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp, scenario=scenario))
        check(driver.measure(replace(SHORT, patience=5.0)), SHORT.load.users)


@pytest.mark.parametrize("scenario", ["file", "mixed"])
def test_a_scenario_that_takes_no_certain_time_is_answered_as_promised(aiohttp: str, scenario: str) -> None:
    with generator() as driver:
        driver.begin(job(aiohttp, scenario=scenario))
        window = driver.measure(replace(SHORT, patience=5.0))
    assert window["requests"] > 0
    assert (window["failures"], window["errors"], window["unfinished"]) == (0, {}, 0)


def test_a_scenario_of_a_stranger_is_its_path() -> None:
    with answering(200, b"") as url, generator() as driver:
        driver.begin(job(url, "/slow", scenario="query"))
        window = driver.measure(THINKING)
    assert window["requests"] > window["failures"] == 0


def test_requests_that_are_never_answered_are_unfinished_and_hold_nobody_up() -> None:
    with silent() as url, generator() as driver:
        driver.begin(job(url))
        started = generators()
        window = driver.measure(SHORT)
    assert (window["requests"], window["failures"], window["latency"]) == (0, 0, {})
    assert window["unfinished"] == SHORT.load.users
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
def test_what_is_not_the_promised_answer_is_a_failure_by_its_kind(
    server: Callable[[], AbstractContextManager[str]], path: str | None, kind: str
) -> None:
    with server() as url:
        window = measured(url, THINKING, path)
    assert window["failures"] == window["requests"] > 0
    assert window["unfinished"] == 0
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


def test_what_is_sent_again_is_counted_in_the_window_and_the_window_is_divided() -> None:
    with dropping(5) as url:
        window = measured(url, THINKING, "/")
    assert window["requests"] > window["failures"] == 0
    assert 0 < window["resent"] <= window["requests"] / 4 + THINKING.load.users
    assert window["reconnected"] == 0
    assert len(window["course"]) == 16
    for figure in ("seconds", "requests", "response_ms"):
        assert sum(each[figure] for each in window["course"]) == pytest.approx(window[figure])


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
    monkeypatch.setattr("loadtest.generator.driver.ANSWER_WITHIN", 0.0)
    with generator() as driver, pytest.raises(GeneratorFailed, match=r"The load generator sent nothing for 0 s\."):
        driver.begin(job("http://127.0.0.1:9"))
