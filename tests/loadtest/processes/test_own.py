"""Tests of services of the user's own as real processes."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from loadtest.contenders.target import Start
from loadtest.processes import own
from loadtest.processes.logs import Logs
from loadtest.processes.own import prepare, started
from loadtest.processes.service import ServiceFailed
from tests.support.stalls import SLACK, eventually

pytestmark = pytest.mark.slow

SERVICE = """
import http.server, os, signal, subprocess, sys

class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Handler.asked += 1
        ready = self.path != "/ready" or Handler.asked > 2
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(os.environ.get("GREETING", "").encode())

    def log_message(self, *_):
        print("\\n".join(["x" * 99] * 100), flush=True)  # a pipe that nobody reads would be full at once

signal.signal(signal.SIGINT, signal.SIG_IGN if "stubborn" in sys.argv else signal.default_int_handler)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session="away" in sys.argv)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def start(tmp_path: Path) -> Start:
    (tmp_path / "service.py").write_text(SERVICE)
    return Start((sys.executable, "service.py", "{port}"), tmp_path, {"GREETING": "at {port}"}, ready="/ready")


def changed(start: Start, **changes: object) -> Start:
    return Start(**{**vars(start), **changes})


def test_a_service_is_started_in_its_folder_ready_and_gone_with_its_children_afterwards(start: Start) -> None:
    marked = changed(
        start, before=(("touch", "first"), ("cp", "first", "second")), command=(*start.command, "stubborn")
    )
    with started("shop", marked) as server:
        assert server.url.startswith("http://127.0.0.1:")
        port = server.url.rpartition(":")[2]
        for _ in range(20):
            assert own.ready(int(port), "/ready")
        processes = server.processes()
        assert len(processes) == 2
        assert server.cpu_time().own
        assert (server.memory() or 0) > 0
    assert (start.folder / "second").exists()
    _, still = psutil.wait_procs(processes, SLACK)
    assert not still


def test_a_service_without_a_path_is_ready_when_it_answers_anything(start: Start) -> None:
    with started("shop", changed(start, ready=None)) as server:
        assert own.ready(int(server.url.rpartition(":")[2]), None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"command": ("no-such-program", "{port}")}, "shop: there is no program 'no-such-program'."),
        (
            {"command": (sys.executable, "-c", "print(1, flush=True); exit('sorry')", "{port}")},
            "shop exited with status 1: ",
        ),
        ({"before": ((sys.executable, "-c", "exit('no database')"),)}, "shop: * ended with status 1.\nno database"),
    ],
)
def test_a_service_that_does_not_start_says_why(changes: dict[str, object], told: str, start: Start) -> None:
    logs = Logs()
    with pytest.raises(ServiceFailed) as error, started("shop", changed(start, **changes), logs=logs):
        pass
    before, _, after = told.partition("*")
    assert str(error.value).startswith(before)
    assert after in str(error.value)
    if "sorry" in str(changes):
        assert str(error.value).endswith("\n1\nsorry")
    if "before" not in changes and "no-such" not in told:
        assert list(logs.files()) == ["shop.log"]
        assert logs.files()["shop.log"].endswith("\n1\nsorry\n")


def test_the_output_of_each_start_is_kept_and_an_exit_is_told_with_its_end(start: Start) -> None:
    logs = Logs()
    for number in (1, 2):
        with started("shop", start, logs=logs) as server:
            port = server.url.rpartition(":")[2]
            if number == 2:
                psutil.Process(server.process.pid).kill()
                server.process.wait()
                with pytest.raises(ServiceFailed, match=r"^shop exited with status -9\.\n(x{99}\n)+x{99}$"):
                    server.check()
    ((name, text),) = logs.files().items()
    assert name == "shop.log"
    first, second = (line for line in text.splitlines() if line.startswith("=== "))
    assert first.startswith("=== start 1, 20")
    assert second.startswith("=== start 2, 20")
    assert second.endswith(f": {sys.executable} service.py {port}")
    assert text.count("x" * 99 + "\n") >= 600  # three requests each, until it was ready


def test_programs_that_path_does_not_have_are_those_of_the_environment_of_the_command(start: Start) -> None:
    empty = start.folder / "empty"
    empty.mkdir()
    prepare("shop", ("gunicorn", "--version"), changed(start, environment={"PATH": str(empty)}))
    with pytest.raises(ServiceFailed, match=r"there is no program 'no-such-program'\.$"):
        prepare("shop", ("no-such-program",), start)


def test_a_service_that_never_gets_ready_is_given_up_and_stopped(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "START_WITHIN", 0.5)
    sleeping = (sys.executable, "-c", "import time; time.sleep(600)", "{port}", str(start.folder))
    with (
        pytest.raises(ServiceFailed, match=r"^shop did not answer within 0\.5 s: "),
        started("shop", changed(start, command=sleeping)),
    ):
        pass
    eventually(
        lambda: (
            not [each for each in psutil.process_iter(["cmdline"]) if str(start.folder) in (each.info["cmdline"] or [])]
        )
    )


def test_a_command_that_takes_too_long_is_given_up(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "BUILD_WITHIN", 0.2)
    with pytest.raises(ServiceFailed, match=r"took more than 0\.2 s"):
        prepare("shop", (sys.executable, "-c", "import time; time.sleep(600)"), start)


RUN = """
import sys, time
from pathlib import Path
from loadtest.contenders.target import Start
from loadtest.processes.own import started

with started("shop", Start(tuple(sys.argv[2:]), Path(sys.argv[1]), {})) as server:
    print(*(each.pid for each in server.processes()), flush=True)
    time.sleep(600)
"""


def test_nothing_is_left_of_a_service_whose_starter_is_killed(start: Start) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(start.folder), *start.command],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as starter:
        assert starter.stdout
        pids = [int(each) for each in starter.stdout.readline().split()]
        starter.kill()
    assert len(pids) == 2
    eventually(lambda: not any(psutil.pid_exists(each) for each in pids))
