import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection

import psutil
import pytest

from backing.environment import upstream
from loadtest.contenders.cores import usable
from loadtest.contenders.service import Service, lineup
from loadtest.processes.service import Running, ServiceFailed, running
from tests.loadtest.support.direct import asked
from tests.loadtest.support.processes import living, taken, taken_by_us
from tests.support.stalls import TooLate, at_best, eventually

pytestmark = pytest.mark.slow

FLASK = replace(lineup(2)["flask"], workers=2)
AIOHTTP = replace(lineup(2)["aiohttp"], workers=2)


def port_of(server: Running) -> int:
    return int(server.url.rpartition(":")[2])


def test_a_service_that_ends_says_so_with_the_end_of_its_log() -> None:
    with pytest.raises(ServiceFailed) as failure, running(replace(FLASK, worker_class="no.such.Worker")):
        pytest.fail("the service started")
    first, *log = str(failure.value).splitlines()
    assert re.match(r"flask exited with status [1-9]\d*: ", first)
    assert "-m sync_app --port 0 --worker-class no.such.Worker --workers 2" in first
    assert any("no.such.Worker" in line for line in log)


def test_a_port_that_is_taken_is_no_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceFailed) as failure, running(FLASK, port=port):
            pytest.fail("the service started")
    assert str(failure.value).splitlines()[1:] == [f"Cannot listen on 127.0.0.1:{port}: {taken_by_us()}."]


def test_a_service_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.processes.service.START_WITHIN", 0.0)
    with pytest.raises(ServiceFailed, match="flask had 0 of 2 workers answering after 0 s: "), running(FLASK):
        pytest.fail("the service started")


@pytest.mark.parametrize("service", [FLASK, AIOHTTP], ids=lambda service: service.name)
def test_all_of_it_is_there_in_the_context_and_nothing_after_it(service: Service) -> None:
    with running(service) as server:
        processes, port = server.processes(), port_of(server)
        assert len(processes) == 1 + service.workers
        asked(f"{server.url}/healthz")
    assert living(processes) == []
    assert not taken(port)


def test_nothing_of_it_is_left_when_the_body_fails_in_the_middle_of_a_request() -> None:
    started: list[Running] = []
    processes: list[psutil.Process] = []

    def fail() -> None:
        with running(FLASK) as server:
            started.append(server)
            processes.extend(server.processes())
            client.connect(("127.0.0.1", port_of(server)))
            client.sendall(b"GET /delay/10 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            raise ZeroDivisionError

    with socket.socket() as client, pytest.raises(ZeroDivisionError):
        fail()
    assert living(processes) == []
    assert not taken(port_of(started[0]))


def test_nothing_of_it_is_left_when_its_master_was_killed() -> None:
    with running(FLASK) as server:
        processes, port = server.processes(), port_of(server)
        server.process.kill()
    assert living(processes) == []
    assert not taken(port)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker notices, but a sync worker only after a minute")
@pytest.mark.parametrize("service", [FLASK, AIOHTTP], ids=lambda service: service.name)
def test_workers_end_with_their_master(service: Service) -> None:
    with running(service) as server:
        processes = server.processes()
        server.process.kill()
        assert living(processes) == []


@pytest.fixture(scope="module")
def three() -> Iterator[Running]:
    """Yield a service of three workers, for tests that only read its figures."""
    with running(replace(FLASK, workers=3)) as server:
        yield server


def test_cpu_time_is_that_of_the_master_and_all_workers(three: Running) -> None:
    before = three.cpu_time()
    for _ in range(4):
        asked(f"{three.url}/cpu/0.1")
    after = three.cpu_time()
    assert len(before.own) == 4
    assert before.own.keys() == after.own.keys()
    assert after.since(before) >= 4 * 0.1
    assert sum(after.each_since(before)) == pytest.approx(after.since(before))


def test_memory_is_that_of_all_processes_and_what_they_share_counts_once(three: Running) -> None:
    memory = three.memory() or 0
    resident = [process.memory_info().rss for process in three.processes()]
    assert memory > len(resident) * 2**20
    if sys.platform == "linux":  # elsewhere the proportional set size is unknown
        assert memory < sum(resident)  # they share at least the interpreter


@pytest.mark.skipif(len(usable() or ()) < 2, reason="needs two cores, and a system that binds processes to cores")
def test_a_service_keeps_to_its_cores_and_this_process_does_not() -> None:
    (*_, last) = sorted(usable() or ())
    before = os.sched_getaffinity(0)
    with running(AIOHTTP, cores=(last,)) as server:
        assert os.sched_getaffinity(0) == before
        cores = [os.sched_getaffinity(thread.id) for process in server.processes() for thread in process.threads()]
    assert len(cores) >= 3
    assert all(each == {last} for each in cores)


@contextmanager
def connected(server: Running, number: int, target: str) -> Iterator[None]:
    """Keep so many connections to a service open until the context exits, each of which has sent one request."""
    with ExitStack() as opened:
        for _ in range(number):
            connection = opened.enter_context(closing(HTTPConnection("127.0.0.1", port_of(server), timeout=30)))
            connection.request("GET", target)
            answer = connection.getresponse()
            answer.read()
            if answer.status in (503, 504):
                raise TooLate(target)  # it gave up what it waits for
            assert answer.status == 200
        yield


def test_connections_are_those_that_the_workers_have_open() -> None:
    with running(AIOHTTP) as server, connected(server, 5, "/healthz"):
        counts = server.connections()
    assert (len(counts), sum(counts)) == (2, 5)


@at_best()
def test_connections_of_a_service_with_what_is_behind_it_are_not_counted() -> None:
    with (
        upstream() as (url, _),
        running(AIOHTTP, {"UPSTREAM_URL": url}) as server,
        connected(server, 3, "/fetch?n=4&delay=10ms"),
    ):
        behind = [
            kept
            for process in server.processes()
            for kept in process.net_connections("tcp")
            if kept.raddr and kept.raddr.port == int(url.rpartition(":")[2])
        ]
        counts = server.connections()
    assert behind  # the service keeps them open for the next request
    assert sum(counts) == 3


@at_best()
def test_the_pools_of_a_service_are_as_large_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_SIZE", "50")
    one = replace(AIOHTTP, workers=1, pool_size=1)
    with upstream() as (url, _), running(one, {"UPSTREAM_URL": url}) as server:
        began = time.monotonic()
        asked(f"{server.url}/fetch?n=4&delay=100ms&mode=concurrent")
        assert time.monotonic() - began >= 4 * 0.1  # one after the other, through the one connection


def test_the_environment_reaches_the_service() -> None:
    with (
        running(FLASK, {"MAX_DURATION": "0.05"}) as server,
        closing(HTTPConnection("127.0.0.1", port_of(server), timeout=30)) as connection,
    ):
        connection.request("GET", "/delay/9")
        assert connection.getresponse().status == 400


@pytest.mark.parametrize("service", [FLASK, AIOHTTP], ids=lambda service: service.name)
@at_best()
def test_no_proxy_is_asked_for_the_upstream(service: Service) -> None:
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:9")
    with upstream() as (url, _), running(service, {**proxy, "no_proxy": "", "UPSTREAM_URL": url}) as server:
        asked(f"{server.url}/fetch?delay=0")


FREEZE = """
from loadtest.contenders.service import lineup
from loadtest.processes.service import running

with running(lineup(1)["aiohttp"]) as server:
    print(*[process.pid for process in server.processes()], flush=True)
    server.freeze(1.0)
"""


def test_a_frozen_service_ends_even_if_the_command_that_froze_it_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", FREEZE], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout
        processes = [psutil.Process(int(number)) for number in command.stdout.readline().split()]
        eventually(lambda: all(each.status() == psutil.STATUS_STOPPED for each in processes))
        command.kill()
    assert len(processes) == 2
    assert living(processes) == []
