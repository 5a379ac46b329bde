import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from contract import ports
from loadtest.contenders.selection import chosen
from loadtest.contenders.service import lineup
from loadtest.processes.stack import PORTS, StackProcess, parts, twins
from tests.loadtest.support.commands import (
    SCRIPT,
    WITHIN,
    alone,
    heeds_hangups,
    serving,
    with_packages_of_the_same_names,
)
from tests.loadtest.support.processes import living, started_in, taken, taken_by_us
from tests.loadtest.support.rooms import Place, of_this_machine
from tests.support.stalls import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # one test at a time uses the well-known ports

KNOWN = lineup(2)

ALL_PORTS = (*PORTS.values(), ports.UPSTREAM)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Yield one environment for all tests of this module: the first test to start the database creates its files."""
    with alone() as environment:
        yield environment


@pytest.fixture
def fresh() -> Iterator[dict[str, str]]:
    """Yield an environment of one test: every process has to start, and the database files do not exist yet."""
    with alone() as environment:
        yield environment


def status_of(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException) as error:
        return pytest.fail(f"{port}{path}: {error}")
    finally:
        connection.close()


def answers(port: int, path: str) -> None:
    """Wait for a 200. If the database or the upstream stalls, a service first answers with a 503 or 504."""
    eventually(lambda: status_of(port, path) == 200)


def test_without_names_it_is_both_twins_as_they_are_by_themselves() -> None:
    assert twins() == [
        StackProcess("sync_app", [sys.executable, "-P", "-m", "sync_app", "--port", "8001"], 8001),
        StackProcess("async_app", [sys.executable, "-P", "-m", "async_app", "--port", "8002"], 8002),
    ]


@pytest.mark.parametrize(
    ("names", "ports"),
    [
        (["flask", "aiohttp"], [8001, 8002]),
        (["aiohttp", "flask"], [8002, 8001]),
        (["aiohttp"], [8002]),
        (["flask", "flask-threads:threads=8", "aiohttp", "aiohttp:workers=1"], [8001, 8004, 8002, 8005]),
        (["django", "flask", "sanic"], [8004, 8001, 8005]),
    ],
)
def test_each_service_has_a_port_of_its_own_and_the_first_of_its_kind_the_well_known_one(
    names: list[str], ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.contenders.service.version", lambda _name: "1.0")
    monkeypatch.setattr("peers.rows.version", lambda _name: "1.0")
    placed = parts([chosen(name, KNOWN) for name in names])
    assert [part.name for part in placed] == names
    assert [part.port for part in placed] == ports
    for part in placed:
        assert part.command[part.command.index("--port") + 1] == str(part.port)


def test_serve_comes_up_says_what_to_try_and_goes_down_on_ctrl_c(environment: dict[str, str]) -> None:
    with serving(environment, "serve") as served:
        served.hear("Ctrl-C stops everything")
        names = {line.partition(" | ")[0].strip() for line in served.said if " | " in line}
        assert {"sync_app", "async_app", "upstream"} <= names
        curls = [line for line in served.said if line.startswith("  curl ")]
        for port in PORTS.values():
            paths = re.findall(rf"'http://127\.0\.0\.1:{port}(/\w+)", "\n".join(curls))
            assert paths == ["/delay", "/fetch", "/query", "/ask", "/answer"]
            for path in ("/delay/0", "/fetch?delay=0", "/query?delay=0"):
                answers(port, path)
        assert "\x1b" not in "".join(served.said)
        assert any("postgres" in process.name() for process in served.processes)
        served.process.send_signal(signal.SIGINT)
        assert served.end() == 0
        assert "Traceback" not in "".join(served.said)


@pytest.mark.parametrize(("number", "room"), [(signal.SIGTERM, False), (signal.SIGHUP, True)])
def test_serve_goes_down_when_a_signal_ends_it(
    environment: dict[str, str], number: signal.Signals, *, room: bool
) -> None:
    host = ("--host", of_this_machine()) if room else ()
    with serving(environment, "serve", "--services", "aiohttp:workers=1", *host) as served:
        served.hear("Ctrl-C stops everything")
        made_of = "non-blocking, 1 process x 1 event loop, no slot limit"
        assert f"  {made_of}; aiohttp {version('aiohttp')}, its own server" in served.said
        if room:
            others = Place(of_this_machine(), ports.ASYNC_APP)
            assert f"In the room: {others.url}" in served.said
            assert others.ask("/query?delay=0").status == 200
            assert not any(taken(port) for port in (ports.ASYNC_APP, ports.LOCUST))
            assert not taken(ports.UPSTREAM, others.address)
        served.process.send_signal(number)
        assert served.end() == 0


def test_a_race_runs_in_a_folder_with_packages_of_the_same_names(environment: dict[str, str], tmp_path: Path) -> None:
    with serving(environment, "race", folder=with_packages_of_the_same_names(tmp_path)) as served:
        served.hear("Ctrl-C stops everything")
        assert status_of(ports.LOCUST, "/race") == 200
        served.process.send_signal(signal.SIGINT)
        assert served.end() == 0


def test_sigkill_leaves_nothing_behind(environment: dict[str, str]) -> None:
    with serving(environment, "race", "--services", "flask,aiohttp", "--generators", "2") as served:
        served.hear("Ctrl-C stops everything")
        assert any("postgres" in process.name() for process in served.processes)
        served.process.kill()
        assert served.end() == -signal.SIGKILL


@pytest.mark.parametrize("after", [0.5, 1.0, 1.5, 2.0])
def test_ctrl_c_while_serve_starts_leaves_nothing_behind(fresh: dict[str, str], after: float) -> None:
    with serving(fresh, "serve") as served:
        time.sleep(after)
        os.killpg(served.process.pid, signal.SIGINT)
        served.process.wait(WITHIN)
        served.processes = started_in(fresh)
        served.end()


def test_serve_goes_down_when_a_service_dies_and_says_which(environment: dict[str, str]) -> None:
    with serving(environment, "serve") as served:
        served.hear("Ctrl-C stops everything")
        (master,) = (
            process for process in psutil.Process(served.process.pid).children() if "async_app" in process.cmdline()
        )
        master.kill()
        served.hear("sync-vs-async: async_app exited with status -9.")
        assert served.end() == 1


def test_serve_goes_down_when_the_database_dies(environment: dict[str, str]) -> None:
    with serving(environment, "serve", "--services", "aiohttp:workers=1") as served:
        served.hear("Ctrl-C stops everything")
        (server,) = (process for process in served.processes if "-k" in process.cmdline())
        server.send_signal(signal.SIGQUIT)
        served.hear("sync-vs-async: The database exited.")
        assert served.end() == 1


@pytest.mark.parametrize("port", ALL_PORTS)
def test_a_port_that_is_taken_is_one_line_and_nothing_is_started(fresh: dict[str, str], port: int) -> None:
    name = {8001: "sync_app", 8002: "async_app", 8003: "upstream"}[port]
    with socket.create_server(("127.0.0.1", port)):
        ended = subprocess.run(
            [SCRIPT, "serve"], env=fresh, capture_output=True, text=True, check=False, timeout=WITHIN
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"sync-vs-async: {name} cannot listen on 127.0.0.1:{port}: {taken_by_us()}.\n"
    assert list(Path(fresh["XDG_CACHE_HOME"]).iterdir()) == []


def test_a_service_that_cannot_start_says_why(environment: dict[str, str]) -> None:
    with serving(environment, "serve", "--services", "aiohttp:worker-class=nope") as served:
        served.hear(" exited with status 2.")
        assert any("invalid choice: 'nope'" in line for line in served.said)
        assert served.end() == 1


def test_in_a_terminal_each_name_has_a_colour_and_closing_it_ends_everything(environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [SCRIPT, "serve", "--services", "aiohttp:workers=1"],
        env={**environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_controlled_by_its_terminal,  # noqa: PLW1509 - possible only in the new process
    ) as process:
        os.close(theirs)
        try:
            with open(ours, "rb", buffering=0) as terminal:
                said = b""
                while b"Ctrl-C stops everything" not in said:
                    said += terminal.read(4096)
                processes = started_in(environment)
            assert process.wait(WITHIN) in (0, 1)
        finally:
            process.kill()
    assert living(processes) == []
    assert re.search(rb"\x1b\[\d+maiohttp:workers=1 \| ", said)


def _controlled_by_its_terminal() -> None:
    heeds_hangups()
    os.close(os.open(os.ttyname(0), os.O_RDWR))  # the first terminal that a session leader opens controls it
