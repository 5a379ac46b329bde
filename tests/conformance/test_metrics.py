import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from loadtest.processes.service import Running
from tests.conformance.support.cases import METRICS
from tests.conformance.support.counted import Counts, in_flight, left, settled
from tests.conformance.support.fleet import (
    LETTING_GO,
    LOOPS,
    NAMES,
    ONE_AT_A_TIME,
    ONE_PLACE,
    SERVERS,
    SEVERAL,
    TOGETHER,
    TWINS,
    WAYS_TO_WAIT,
    Fleet,
)
from tests.conformance.support.people import unanswered
from tests.conformance.support.wire import PATIENCE, Held, NotAnswered, ask, at_once
from tests.support.stalls import TooLate, eventually

OVERLAPPING = pytest.mark.parametrize("name", TOGETHER)

PROMISED = {
    *("http_requests_total", "http_request_seconds_total", "http_wait_seconds_total"),
    *("http_requests_in_flight", "http_requests_in_flight_peak", "pool_in_use", "pool_waiting"),
    *("event_loop_lag_seconds_bucket", "event_loop_lag_seconds_sum", "event_loop_lag_seconds_count"),
}


def test_every_service_shows_the_same_numbers(service: Running) -> None:
    ask(service.url, "/delay/0")
    answer = ask(service.url, "/metrics")
    assert (answer.status, answer.headers["Content-Type"]) == (200, METRICS)
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert Counts(service.url).names() == PROMISED


COUNTED = (
    *(("delay", "200"), ("delay", "400")),
    *(("drip", "418"), ("ask", "504")),
)


def counted(url: str) -> list[float]:
    """Return the number of requests of each operation and status in COUNTED."""
    counts = Counts(url)
    return [counts("http_requests_total", operation=operation, status=status) for operation, status in COUNTED]


@pytest.mark.parametrize("name", NAMES)
def test_every_request_is_counted_once_whichever_process_is_asked(fleet: Fleet, name: str) -> None:
    service = fleet(name, SEVERAL[name] if name in SERVERS else 1)
    before = settled(service)
    was = counted(service.url)
    answers = [*at_once(service.url, ["/delay/20ms"] * 20), ask(service.url, "/delay/20ms", "HEAD")]
    for target in ("/delay/nan", "/delay/0?x=1", "/drip?duration=0&code=418", "/ask/nobody?timeout=0"):
        ask(service.url, target)
    expected = [number + more for number, more in zip(was, (21, 2, 1, 1), strict=True)]
    eventually(lambda: counted(service.url) == expected)
    for _ in range(2 * service.service.workers):  # so that each process probably responds
        assert counted(service.url) == expected
        counts = Counts(service.url)
        waited, total = (
            counts(name, operation="delay") - before(name, operation="delay")
            for name in ("http_wait_seconds_total", "http_request_seconds_total")
        )
        assert 21 * 0.02 <= waited <= total
        assert waited <= sum(answer.elapsed for answer in answers)


@pytest.mark.parametrize("name", [name for name in WAYS_TO_WAIT if name in TOGETHER])
def test_what_waits_now_is_shown_and_so_is_the_most_there_ever_were(fleet: Fleet, name: str) -> None:
    service = fleet(name, workers=2)
    with unanswered(service.url, 10):
        eventually(lambda: in_flight(service.url) == 10)
    eventually(lambda: in_flight(service.url) == 0)
    assert Counts(service.url)("http_requests_in_flight_peak") >= 5  # the peak of one of two processes


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_is_in_flight_until_it_ends(fleet: Fleet, name: str) -> None:
    service = fleet(name, SEVERAL[name] if name in ONE_AT_A_TIME else 1)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, service.url, "/drip?duration=1s&numbytes=2")
        eventually(lambda: in_flight(service.url) == 1 or answer.done())
        if answer.done():
            raise TooLate("the stream had ended")
        assert answer.result().status == 200
    eventually(lambda: in_flight(service.url) == 0)


@pytest.mark.parametrize("name", WAYS_TO_WAIT)  # the framework has no influence on the numbers of a process
def test_what_waited_in_a_worker_that_was_killed_is_not_shown_for_ever(fleet: Fleet, name: str) -> None:
    service = fleet(name, workers=2)
    before = Counts(service.url)("http_requests_total", operation="healthz", status="200")
    for _ in range(10):
        ask(service.url, "/healthz")

    def counted() -> bool:
        return Counts(service.url)("http_requests_total", operation="healthz", status="200") >= before + 10

    eventually(counted)
    workers = {worker.pid for worker in psutil.Process(service.process.pid).children()}
    with Held(service.url, "/delay/9s") as held:
        eventually(lambda: in_flight(service.url) == 1)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        with pytest.raises(NotAnswered):
            held.answer()

    def shown() -> bool:
        try:
            counts = Counts(service.url)
        except (NotAnswered, OSError):
            return False
        # the counts of killed workers are kept
        assert counts("http_requests_total", operation="healthz", status="200") >= before + 10
        return counts("http_requests_in_flight") == 0

    eventually(shown, PATIENCE)  # other workers start


@pytest.mark.parametrize("name", TWINS)
def test_a_service_and_its_numbers_outlive_the_directory_for_temporary_files(
    fleet: Fleet, name: str, tmp_path: Path
) -> None:
    directory = tmp_path / "temporary"
    directory.mkdir()
    service = fleet(name, workers=1, environment={"TMPDIR": str(directory)})
    for _ in range(3):
        assert ask(service.url, "/barrier?n=1").status == 200
    directory.rmdir()  # which fails if the service keeps anything there

    def counted() -> bool:
        try:
            return Counts(service.url)("http_requests_total", operation="barrier", status="200") == 3
        except (NotAnswered, OSError):
            return False

    eventually(counted)
    (worker,) = psutil.Process(service.process.pid).children()
    worker.kill()
    worker.wait(PATIENCE)
    eventually(counted, PATIENCE)  # another worker starts


@pytest.mark.parametrize("name", LOOPS)
def test_the_lag_of_the_event_loop_is_shown(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1).url

    def late(counts: Counts) -> float:
        return counts("event_loop_lag_seconds_count") - counts("event_loop_lag_seconds_bucket", le="0.2")

    before = Counts(url)
    ask(url, "/blocking/600ms")
    # 0.5, 0.4 and 0.3 s late: skipped measurements count too
    eventually(lambda: late(Counts(url)) >= late(before) + 3)
    assert Counts(url)("event_loop_lag_seconds_sum") - before("event_loop_lag_seconds_sum") >= 0.4


@OVERLAPPING
def test_numbers_are_shown_when_every_place_is_taken(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1, environment=ONE_PLACE).url
    with unanswered(url):
        eventually(lambda: in_flight(url) == 1)
        assert ask(url, "/delay/0").status == 503
    eventually(lambda: in_flight(url) == 0)


@pytest.mark.parametrize("name", LETTING_GO)
def test_a_client_that_left_is_counted(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1).url
    before = left(url, "delay")
    Held(url, "/delay/9s").leave()
    eventually(lambda: left(url, "delay") == before + 1)
    eventually(lambda: in_flight(url) == 0)
