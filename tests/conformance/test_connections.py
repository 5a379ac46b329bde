from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from loadtest.processes.service import Running
from tests.conformance.support.fleet import LOOPS, ONE_AT_A_TIME, Fleet
from tests.conformance.support.wire import PATIENCE, Held, connect

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


@pytest.fixture
def connection(service: Running) -> Iterator[HTTPConnection]:
    host, _, port = service.url.removeprefix("http://").partition(":")
    with closing(HTTPConnection(host, int(port), timeout=PATIENCE)) as connection:
        yield connection


def test_a_connection_is_kept_for_more_requests_but_by_a_sync_worker(
    service: Running, connection: HTTPConnection
) -> None:
    kept = []
    for target in ("/healthz", "/delay/0", "/delay/nan", "/nope", "/healthz"):
        connection.request("GET", target)
        answer = connection.getresponse()
        answer.read()
        kept.append(connection.sock is not None and not answer.will_close)
    assert kept == [service.service.worker_class != "sync"] * 5


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_an_upgrade_that_is_offered_is_not_taken(connection: HTTPConnection, protocol: str) -> None:
    connection.request("GET", "/delay/0", headers={"Connection": "Upgrade", "Upgrade": protocol})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b'{"duration":0.0}\n')


@pytest.mark.skipif(
    not SOMAXCONN.exists() or int(SOMAXCONN.read_text()) < 1000, reason="the system's own limit is lower, or unknown"
)
@pytest.mark.parametrize(
    ("name", "busy"), [*((name, "/delay/1s") for name in ONE_AT_A_TIME), *((name, "/blocking/1s") for name in LOOPS)]
)
def test_three_hundred_may_knock_while_a_process_is_busy(fleet: Fleet, name: str, busy: str) -> None:
    url = fleet(name, workers=1).url
    with Held(url, busy) as held, ExitStack() as stack:
        for _ in range(300):  # more than aiohttp's default backlog of 128
            stack.enter_context(connect(url))
        answer = held.answer()
    assert answer.status == 200
