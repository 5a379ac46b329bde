import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from loadtest.lineup import cores, lineup
from loadtest.model import Load, missing, predict
from loadtest.results import Results, Step, load
from loadtest.services import running
from tests.loadtest.processes import living, taken

SCRIPT = Path(sys.executable).with_name("sync-vs-async")
ONE_WORKER = "aiohttp:workers=1"


def compare(out: Path, *arguments: str) -> list[str]:
    return [str(SCRIPT), "compare", "--seconds", "0.6", "--repeats", "1", "--out", str(out), *arguments]


def written(out: Path) -> Results:
    """The one results file of a run."""
    assert [path.name for path in out.glob("*/*") if path.parent.name != "latest"] == ["results.json"]
    return load(out / "latest" / "results.json")


def check(step: Step) -> None:
    """What was measured agrees with itself, and no answer came before its time."""
    assert step.measured
    window = step.measured
    assert window.seconds >= step.window
    assert sum(window.latency.values()) == sum(window.per_second.values()) == window.requests > 0
    assert min(window.latency) >= 50 * 0.995
    assert (window.failures, window.errors, window.unfinished) == (0, {}, 0)
    lost = missing(step.users, window.requests / window.seconds, window.response_ms / window.requests / 1000, 0)
    assert abs(lost) < 0.2 * step.users + 1
    assert 0 <= window.machine_cpu <= 1
    assert 0 <= window.stolen_cpu <= 1


class Ran(NamedTuple):
    """A run of two services and one that is not ours, and what came of it."""

    command: list[str]
    target: str
    status: int
    out: str
    err: str
    results: Results

    def steps(self, name: str) -> list[Step]:
        return [step for step in self.results.steps if step.service == name]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    out = tmp_path_factory.mktemp("results")
    with running(replace(lineup(cores())["aiohttp"], workers=1)) as server:
        target = ["--target", f"mine={server.url}", "--path", "/delay/50ms"]
        command = compare(out, "--services", f"flask,{ONE_WORKER}", "--users", "20,1", "--delay", "50ms", *target)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert server.process.poll() is None  # it is not ours to stop
    return Ran(command, server.url, done.returncode, done.stdout, done.stderr, written(out))


def test_every_step_is_measured_and_agrees_with_itself(ran: Ran) -> None:
    assert [(step.service, step.users) for step in ran.results.steps] == [
        *(("flask", 1), ("flask", 20)),
        *((ONE_WORKER, 1), (ONE_WORKER, 20)),
        *(("mine", 1), ("mine", 20)),
    ]
    for step in ran.results.steps:
        check(step)


@pytest.mark.parametrize(("name", "slots"), [("flask", lineup(cores())["flask"].slots), (ONE_WORKER, None)])
def test_our_own_services_are_held_against_their_model_and_watched(ran: Ran, name: str, slots: int | None) -> None:
    for step in ran.steps(name):
        model = predict(step.users, Load(0.05), slots)
        assert step.predicted
        assert (step.predicted.throughput, step.predicted.saturated) == (model.throughput, model.saturated)
        assert step.measured
        assert step.measured.memory
        assert step.measured.connections
        assert step.measured.server_cpu is not None
        assert step.measured.busiest_cpu is not None
        assert 0 <= step.measured.busiest_cpu <= step.measured.server_cpu


def test_of_a_target_nothing_is_predicted_and_nothing_is_known_but_what_was_measured(ran: Ran) -> None:
    for step in ran.steps("mine"):
        assert step.predicted is None
        assert step.measured
        window = step.measured
        assert (window.server_cpu, window.busiest_cpu, window.memory, window.connections) == (None, None, None, None)


def test_the_status_is_a_verdict_unless_a_row_is_inconclusive(ran: Ran) -> None:
    assert ran.status == (2 if any(step.doubts for step in ran.results.steps) else 0)
    assert ("Inconclusive: " in ran.out) == (ran.status == 2)


def test_the_file_holds_the_exact_commands_and_what_they_ran_on(ran: Ran) -> None:
    run = ran.results
    assert run.complete
    assert run.command == ["sync-vs-async", *ran.command[1:]]
    assert run.generator_command == [sys.executable, "-m", "loadtest.generator"]
    flask, aiohttp, mine = run.contenders
    assert flask.command == lineup(cores())["flask"].command()
    assert aiohttp.command == replace(lineup(cores())["aiohttp"], workers=1).command()
    assert (mine.ours, mine.slots, mine.kind, mine.command) == (False, None, "unknown", [])
    assert mine.made_of == f"{ran.target}/delay/50ms"
    assert {"locust", "aiohttp", "Flask", "gunicorn"} <= run.machine.packages.keys()
    assert (run.machine.cores, run.machine.python) == (cores(), platform.python_version())
    assert run.options.users == [1, 20]
    assert run.started < run.finished


def test_it_prints_every_step_the_tables_and_a_verdict_in_plain_text(ran: Ran) -> None:
    assert ran.err == ""
    assert "\x1b" not in ran.out
    told = [line for line in ran.out.splitlines() if ", repeat 1: " in line]
    assert [line.split(", repeat")[0] for line in told] == [
        *("flask, 1 user", "flask, 20 users"),
        *(f"{ONE_WORKER}, 1 user", f"{ONE_WORKER}, 20 users"),
        *("mine, 1 user", "mine, 20 users"),
    ]
    places = [ran.out.index(title) for title in ("The line-up", "What happened", "What it took", "Measured on ")]
    assert places == sorted(places)
    assert re.search(r"^  (flask keeps up|Inconclusive)", ran.out, flags=re.MULTILINE)
    assert ran.out.rstrip().endswith("results.json")


class Interrupted:
    """A run in the middle of its second step, and every process that it has started."""

    def __init__(self, process: subprocess.Popen[str], first: str) -> None:
        self.process = process
        self.first = first
        self.children = psutil.Process(process.pid).children(recursive=True)
        self.ports = {
            connection.laddr.port
            for child in self.children
            for connection in child.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }


@contextmanager
def second_step(out: Path) -> Iterator[Interrupted]:
    command = compare(out, "--services", ONE_WORKER, "--users", "1,2,3,4,5,6,7,8", "--delay", "50ms")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            run = Interrupted(process, process.stdout.readline())
            assert run.first.startswith(f"{ONE_WORKER}, 1 user, repeat 1: ")
            assert len(run.children) == 3  # the generator, the service's master and its worker
            assert len(run.ports) == 1
            yield run
        finally:
            process.kill()


def nothing_is_left(run: Interrupted) -> None:
    assert living(run.children) == []
    assert not any(taken(port) for port in run.ports)


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_an_interrupted_run_keeps_what_it_has_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals, times: int
) -> None:
    with second_step(tmp_path) as run:
        run.process.send_signal(number)
        if times > 1:  # an impatient second Ctrl-C, while what was started is being stopped
            psutil.wait_procs(run.children, timeout=10, callback=lambda _ended: run.process.send_signal(number))
        out, err = run.process.communicate(timeout=60)
    assert (run.process.returncode, err) == (2, "")
    nothing_is_left(run)
    measured = written(tmp_path)
    assert not measured.complete
    assert [step.users for step in measured.steps] == [1]
    check(measured.steps[0])
    assert "The run was interrupted. This is what had been measured until then." in out


def test_a_run_that_is_interrupted_before_anything_was_measured_writes_nothing(tmp_path: Path) -> None:
    command = compare(tmp_path, "--services", ONE_WORKER, "--users", "1", "--seconds", "60")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        children: list[psutil.Process] = []
        while len(children) < 3 and process.poll() is None:
            children = psutil.Process(process.pid).children(recursive=True)
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (2, "Nothing was measured.\n", "")
    assert living(children) == []
    assert list(tmp_path.iterdir()) == []


def test_a_generator_that_dies_is_a_run_that_failed_and_keeps_what_it_has(tmp_path: Path) -> None:
    with second_step(tmp_path) as run:
        next(child for child in run.children if "loadtest.generator" in child.cmdline()).kill()
        _, err = run.process.communicate(timeout=60)
    assert run.process.returncode == 1
    assert err.startswith("sync-vs-async: The load generator is gone.")
    nothing_is_left(run)
    assert [step.users for step in written(tmp_path).steps] == [1]
    assert not written(tmp_path).complete


def test_a_service_that_cannot_start_is_a_run_that_failed(tmp_path: Path) -> None:
    command = compare(tmp_path, "--services", "flask:worker-class=no.such.Worker", "--users", "1")
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert ran.stdout == "Nothing was measured.\n"
    said, *log = ran.stderr.splitlines()
    assert said.startswith("sync-vs-async: flask:worker-class=no.such.Worker ended with status ")
    assert any("no.such.Worker" in line for line in log)
