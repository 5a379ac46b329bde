import psutil
import pytest

from loadtest.processes.service import Running
from tests.conformance.support.fleet import APPLICATIONS, LINEUP, NOTHING_BEHIND, WAYS_TO_WAIT, Fleet
from tests.conformance.support.wire import ask, at_once
from tests.support.stalls import SLACK, within

ONE_AFTER_THE_OTHER, AT_ONCE = "sequential", "concurrent"

# The order in which a plain handler of each service does its waits: the main difference between the twins.
IDIOMATIC = {name: ONE_AFTER_THE_OTHER if service.twin == "sync_app" else AT_ONCE for name, service in LINEUP.items()}


@pytest.mark.parametrize("mode", ["idiomatic", "sequential", "concurrent"])
def test_waits_take_as_long_as_their_mode_says_and_a_header_says_how_they_were_made(
    service: Running, mode: str
) -> None:
    how = IDIOMATIC[service.service.name] if mode == "idiomatic" else mode
    answer = ask(service.url, f"/fanout?n=5&delay=100ms&mode={mode}")
    assert answer.status == 200
    if how == ONE_AFTER_THE_OTHER:
        assert answer.timing["wait"] >= 0.5
    else:
        assert answer.timing["wait"] >= 0.1
        within(0.5, answer.timing["wait"])
    assert answer.headers["Waits"] == f"{how}; n=5"
    for endpoint in ("fetch", "query"):
        assert ask(service.url, f"/{endpoint}?n=2&delay=0&mode={mode}").headers["Waits"] == f"{how}; n=2"


@pytest.mark.parametrize("kind", ["delay", "cpu", "blocking", "offload"])
def test_a_wait_is_never_short_and_is_what_was_measured(service: Running, kind: str) -> None:
    answer = ask(service.url, f"/{kind}/150ms")
    assert 0.15 <= answer.timing["wait"] <= answer.timing["total"] <= answer.elapsed + 0.0001  # header is rounded
    assert answer.elapsed < 0.15 + SLACK


def cpu_seconds(service: Running) -> float:
    times = [worker.cpu_times() for worker in psutil.Process(service.process.pid).children()]
    return sum(each.user + each.system for each in times)


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
def test_cpu_uses_the_cpu_and_the_others_do_not(fleet: Fleet, name: str) -> None:
    service = fleet(name)
    before = cpu_seconds(service)
    ask(service.url, "/cpu/300ms")
    burnt = cpu_seconds(service) - before
    before = cpu_seconds(service)
    at_once(service.url, ["/delay/300ms", "/blocking/300ms", "/offload/300ms"])
    slept = cpu_seconds(service) - before
    assert burnt >= 0.25  # CPU time is counted in hundredths, rounded down per process
    assert slept < 0.25


def test_a_barrier_that_nobody_else_comes_to_times_out(service: Running) -> None:
    answer = ask(service.url, "/barrier?n=2&timeout=100ms")
    assert (answer.status, answer.headers["Content-Type"]) == (504, "application/problem+json")
    assert answer.body == (
        b'{"type":"about:blank","title":"Gateway Timeout","status":504,'
        b'"detail":"2 requests did not meet in this process within 0.1 s."}\n'
    )
    assert 0.1 <= answer.timing["wait"] <= answer.elapsed + 0.0001


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_longest_wait_is_the_setting(fleet: Fleet, name: str) -> None:
    service = fleet(name, workers=1, environment=NOTHING_BEHIND)
    assert ask(service.url, "/delay/50ms").status == 200
    refused = ask(service.url, "/delay/51ms")
    assert refused.status == 400
    assert b"from 0 to 0.05 s; got '51ms'" in refused.body
