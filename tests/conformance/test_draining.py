import signal
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from backing.processes import PYTHON
from tests.conformance.support.fleet import LINEUP, ONE_PLACE, SERVERS, SEVERAL, TOGETHER, Fleet
from tests.conformance.support.people import unanswered
from tests.conformance.support.wire import PATIENCE, connect
from tests.support.stalls import SLACK, eventually

ENDS_WITHIN = 2 + SLACK
"""Seconds for a service without requests in flight to end: less than gunicorn waits before it kills workers."""


def refuses(url: str) -> bool:
    """Return whether a new connection is refused."""
    try:
        connect(url).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("name", SERVERS)
def test_sigterm_lets_a_request_in_flight_end_and_refuses_new_connections(fleet: Fleet, name: str) -> None:
    with fleet.last_use(name, environment=ONE_PLACE) as service:
        with unanswered(service.url, answering=fleet("flask").url):
            service.process.send_signal(signal.SIGTERM)
            eventually(lambda: refuses(service.url))
        assert service.process.wait(ENDS_WITHIN) == 0


STOPPED_AT_BOOT = """
import os, runpy, signal, sys, time
import serving.serve

forks = []
os.register_at_fork(before=lambda: forks.append(os.getpid()), after_in_child=lambda: {at_fork})
serve = serving.serve.main

def main(service, load):
    def loading(options):
        print(f"fork {{len(forks)}}", flush=True)
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(0.5)  # the master sends its workers SIGTERM at once, and again after 0.2 s
        return load(options)

    serve(service, loading)

serving.serve.main = main
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def stopped_at_boot(name: str, at_fork: str = "None") -> list[str]:
    """Run a service whose master gets SIGTERM while its worker boots. Return what it printed after its banner.

    `at_fork` is evaluated in each forked process before anything else.
    """
    module = replace(LINEUP[name], workers=1).command()[len(PYTHON) :]
    command = [sys.executable, "-c", STOPPED_AT_BOOT.format(at_fork=at_fork), *module]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 0
    return printed.splitlines()[2:]


@pytest.mark.parametrize("name", SERVERS)
def test_sigterm_while_a_worker_boots_ends_a_service(name: str) -> None:
    assert stopped_at_boot(name) == ["fork 1"]


def test_sigterm_ends_a_worker_that_has_only_just_been_forked() -> None:
    at_fork = "len(forks) == 1 and os.kill(os.getpid(), signal.SIGTERM)"
    assert stopped_at_boot(SERVERS[0], at_fork) == ["fork 2"]


@pytest.mark.parametrize("name", SERVERS)
def test_ctrl_c_ends_a_service_at_once(fleet: Fleet, name: str) -> None:
    with fleet.last_use(name, SEVERAL[name]) as service:  # it could forget one of them
        workers = psutil.Process(service.process.pid).children()
        assert len(workers) > 1
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(ENDS_WITHIN) == 0
        assert not [worker for worker in workers if not gone(worker)]


# without sync workers: an idle one checks for its master only every SILENCE / 2 seconds
@pytest.mark.parametrize("name", [name for name in SERVERS if name in TOGETHER])
def test_no_worker_outlives_the_process_that_started_it(fleet: Fleet, name: str) -> None:
    with fleet.last_use(name) as service:  # each worker notices by itself
        workers = psutil.Process(service.process.pid).children()
        assert workers
        service.process.kill()
        eventually(lambda: all(gone(worker) for worker in workers))


def gone(process: psutil.Process) -> bool:
    """Return whether the process has ended, even if its parent has not collected it yet (a zombie)."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
