"""Tests of services that somebody else started: which processes they are, and why they cannot be seen."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import psutil
import pytest

from loadtest.contenders.cores import SHARED, Cores, usable
from loadtest.contenders.target import Target
from loadtest.processes.listening import Unseen, listening
from loadtest.processes.service import ServiceFailed
from tests.loadtest.support.servers import absent, silent
from tests.support.stalls import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only root sees who listens"),
]

SERVICE = """
import os, socket, sys, time
address, port, workers, name = sys.argv[1:]
listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind((address, int(port)))
listener.listen()
if name:
    open("/proc/self/comm", "w").write(name)
children = []
for _ in range(int(workers)):
    ours, theirs = os.pipe()
    if not (child := os.fork()):
        kept = listener.accept()
        os.write(theirs, b"x")
        time.sleep(600)
    children.append(ours)
helper = os.fork()
if not helper:
    listener.close()
    time.sleep(600)
print(listener.getsockname()[1], flush=True)
for each in children:
    os.read(each, 1)
    print("connected", flush=True)
time.sleep(600)
"""
"""A master that listens, with workers that each take one connection, and a helper that does not listen."""


@contextmanager
def service(
    address: str = "127.0.0.1", port: int = 0, workers: int = 0, name: str = ""
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the service until the context exits, and yield it with its port."""
    arguments = [address, str(port), str(workers), name]
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            yield process, int(process.stdout.readline())
        finally:
            for each in reversed([psutil.Process(process.pid), *psutil.Process(process.pid).children()]):
                each.kill()


def target(port: int, host: str = "127.0.0.1") -> Target:
    return Target("shop", f"http://{host}:{port}")


def test_a_master_is_found_with_its_workers_and_its_end_fails_the_run() -> None:
    with service(workers=2) as (process, port):
        server = listening(target(port, "localhost"))
        whole = [process.pid, *(each.pid for each in psutil.Process(process.pid).children())]
        assert len(whole) == 4
        assert sorted(each.pid for each in server.processes()) == sorted(whole)
        assert str(server) == f"4 processes (listening: process {process.pid})"
        assert server.cpu_time().own.keys() == {*whole}
        assert server.memory()
        assert not server.ours
        server.check()

        with ExitStack() as clients:
            for _ in range(2):
                clients.enter_context(socket.create_connection(("127.0.0.1", port)))
            eventually(lambda: server.connections() == [1, 1])

        psutil.Process(process.pid).kill()
        eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
        with pytest.raises(ServiceFailed, match=f"shop exited: process {process.pid} no longer runs"):
            server.check()
        for each in whole[1:]:
            psutil.Process(each).kill()


def test_the_listener_of_the_very_address_is_taken_and_all_that_share_it() -> None:
    with (
        service() as (first, port),
        service(port=port) as (second, _),
        service("127.0.0.2", port) as (other, _),
        service("0.0.0.0", port) as (everywhere, _),
        service("::", port) as (both, _),
    ):
        for host, expected in (
            ("127.0.0.1", {first, second}),
            ("127.0.0.2", {other}),
            ("127.0.0.3", {everywhere}),
            ("[::1]", {both}),
        ):
            found = {each.pid for each in listening(target(port, host)).processes()}
            masters = {each.pid for each in expected}
            assert masters <= found, host
            assert len(found) == 2 * len(masters), host  # each with its helper


def test_its_cores_are_those_that_it_is_bound_to_unless_the_load_generator_has_some_of_them() -> None:
    known = sorted(usable() or ())
    if len(known) < 2:
        pytest.skip("needs two cores")
    first, second = known[:2]
    given = Cores((first,), (second,))
    with service() as (_, port):
        server = listening(target(port))
        for allowed, cores, expected in (
            ([first], given, given),
            ([first], SHARED, SHARED),
            ([first, second], given, SHARED),
            ([second], given, SHARED),
            ([second], Cores(given.others, given.service), Cores(given.others, given.service)),
        ):
            for each in server.processes():
                each.cpu_affinity(allowed)
            assert server.cores(cores) == expected, (allowed, cores)
            assert all(each.cpu_affinity() == allowed for each in server.processes())


def why(port: int) -> str:
    with pytest.raises(Unseen) as unseen:
        listening(target(port))
    return str(unseen.value)


def test_what_cannot_be_seen_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent() as url:  # by this process
        assert why(int(url.rpartition(":")[2])) == "the process that listens has started this command too"
    with absent() as url:
        assert why(int(url.rpartition(":")[2])) == "no process of this machine listens at its port, as with a container"
    for name, where in (("docker-proxy", "a container"), ("ssh", "another machine"), ("systemd", "a service that it")):
        with service(name=name) as (_, port):
            assert why(port).startswith(f"{name} listens for {where}")
    with service() as (_, port):
        hidden = SimpleNamespace(pid=None, status="LISTEN", laddr=SimpleNamespace(ip="127.0.0.1", port=port))
        for found, told in (
            ([hidden], "its processes belong to another user, or run in a container"),
            ([], "no process of this machine listens at its port, as with a container"),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(psutil, "net_connections", lambda _kind, found=found: found)
                assert why(port) == told
    monkeypatch.setattr(socket.socket, "connect", lambda *_: None)  # the machine may have no way to others
    with pytest.raises(Unseen, match="it runs on another machine"):
        listening(target(80, "192.0.2.1"))
