import re

import psutil
import pytest

from loadtest.contenders.service import Service
from loadtest.processes.service import Running
from tests.conformance.support.cases import GOOD, INDEX, Good, by_operation, own
from tests.conformance.support.exceptions import leave_out
from tests.conformance.support.wire import ask, other_promises

LANES = {"sync": "MainThread", "gthread": r"ThreadPoolExecutor-\d+_\d+", "gevent": r"Dummy-\d+"}


def lane(service: Service) -> str:
    """Return a pattern for the lane in Served-By. An event loop that lives for one request runs in a named thread."""
    if service.on_a_loop:
        return "loop"
    return LANES[service.worker_class] + ("|loop" if service.twin == "async_app" else "")


GOOD_OF_EACH = by_operation(GOOD)


@pytest.mark.parametrize("cases", GOOD_OF_EACH.values(), ids=GOOD_OF_EACH)
def test_a_good_request_is_answered_after_its_wait(service: Running, cases: list[Good]) -> None:
    for case in cases:
        answer = ask(service.url, case.target)
        assert (answer.status, answer.body) == (case.status, case.body), case.target
        assert answer.headers["Content-Type"] == case.content_type, case.target
        assert answer.headers["Content-Length"] == str(len(case.body)), case.target
        assert other_promises(answer) == ({"Vary": "Accept"} if case.body == INDEX else {}), case.target
        if case.waits is None:
            assert answer.timing.keys() == {"total"}, case.target
        else:
            assert answer.timing.keys() == {"wait", "total"}, case.target
            assert case.waits <= answer.timing["wait"] <= answer.timing["total"], case.target
            assert answer.elapsed >= case.waits, case.target


def test_every_answer_says_who_served_it(service: Running) -> None:
    known = service.service
    workers = {worker.pid for worker in psutil.Process(service.process.pid).children()}
    for target in ("/healthz", "/delay/0", "/delay/nan", "/nope", "/sse?count=1", "/metrics"):
        says = ask(service.url, target).headers["Served-By"]
        served_by = re.fullmatch(rf"{known.module}; pid=(\d+); lane=({lane(known)})", says)
        assert served_by, target
        assert int(served_by[1]) in workers, target


def test_the_index_is_a_page_for_a_browser(service: Running) -> None:
    answer = ask(service.url, "/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Vary"] == ask(service.url, "/").headers["Vary"] == "Accept"
    assert answer.body == own(service.service.module)[0]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_icon_is_that_of_the_service_and_kept_for_a_day(service: Running) -> None:
    answer = ask(service.url, "/favicon.ico")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert answer.body == own(service.service.module)[1]
    assert answer.headers["Cache-Control"] == "max-age=86400"


@pytest.mark.parametrize("host", ["a b", "x';id;'", "<script>", "user@a", "a/b", "\xe9", ""])
def test_a_hostile_host_is_not_echoed(service: Running, host: str) -> None:
    leave_out(service.service.name, host)
    for accept in ("application/json", "text/html"):
        hostile = ask(service.url, "/", headers={"Host": host, "Accept": accept})
        assert hostile.body == ask(service.url, "/", headers={"Host": "127.0.0.1", "Accept": accept}).body
