import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import pytest

from loadtest.contenders.service import Service
from loadtest.processes.service import running
from tests.conformance.support.fleet import LINEUP, NAMES, SERVERS, TOGETHER
from tests.conformance.support.wire import Held, connect, eventually


def two(name: str) -> Service:
    """Two processes: enough that one of them could be forgotten."""
    return replace(LINEUP[name], workers=2)


def refused_from(url: str) -> float:
    """When the first connection was refused."""
    deadline = time.perf_counter() + 10
    while (began := time.perf_counter()) < deadline:
        try:
            connect(url).close()
        except ConnectionRefusedError:
            return began
        time.sleep(0.02)
    raise AssertionError("new connections are taken still")


@pytest.mark.parametrize("name", NAMES)
def test_sigterm_lets_a_request_in_flight_end_and_refuses_new_connections(name: str) -> None:
    with running(two(name)) as service, ThreadPoolExecutor() as pool:
        in_flight = Held(service.url, "/delay/1500ms")
        answer = pool.submit(in_flight.answer)
        service.process.send_signal(signal.SIGTERM)
        refused = refused_from(service.url)
        assert answer.result().status == 200
        assert answer.result().body == b'{"duration":1.5}\n'
        assert refused < answer.result().ended
        assert service.process.wait(10) == 0


@pytest.mark.parametrize("name", SERVERS)
def test_ctrl_c_ends_a_service_at_once(name: str) -> None:
    with running(two(name)) as service:
        workers = psutil.Process(service.process.pid).children()
        assert workers
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(10) == 0
        assert not [worker for worker in workers if not gone(worker)]


# an idle sync worker of gunicorn's looks only every half of SILENCE
@pytest.mark.parametrize("name", [name for name in SERVERS if name in TOGETHER])
def test_no_worker_outlives_the_process_that_started_it(name: str) -> None:
    with running(two(name)) as service:
        workers = psutil.Process(service.process.pid).children()
        assert workers
        service.process.kill()
        eventually(lambda: all(gone(worker) for worker in workers))


def gone(process: psutil.Process) -> bool:
    """Whether it has ended, though perhaps nobody has been told yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
