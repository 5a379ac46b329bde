import platform
import re
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from backing.processes import PYTHON
from contract.settings import Settings
from loadtest.contenders.cores import halves, usable_cores
from loadtest.processes.service import running
from loadtest.results.schema import Results, Step
from loadtest.workload.closed import Closed
from loadtest.workload.demand import Demand
from tests.loadtest.support.comparisons import KNOWN, ONE_WORKER, check, compare, unless_in_doubt, written
from tests.loadtest.support.fabricated import slots
from tests.support.stalls import at_best

pytestmark = pytest.mark.slow


class Ran(NamedTuple):
    """A run of two services and a target: its command, exit status, output and results."""

    command: list[str]
    target: str
    status: int
    out: str
    err: str
    results: Results

    def steps(self, name: str) -> list[Step]:
        return [step for step in self.results.steps if step.service == name]


@pytest.fixture(scope="module")
@at_best()
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    out = tmp_path_factory.mktemp("results")
    with running(replace(KNOWN["aiohttp"], workers=1)) as server:
        target = ["--target", f"mine={server.url}", "--path", "/delay/50ms"]
        command = compare(
            out,
            "--services",
            f"flask,{ONE_WORKER}",
            "--users",
            "20,1",
            "--delay",
            "50ms",
            "--details",
            *target,
            apart=True,
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert server.process.poll() is None  # compare must not stop a target
    results = written(out)
    with unless_in_doubt(results.steps):
        for step in results.steps:
            check(step)
    return Ran(command, server.url, done.returncode, done.stdout, done.stderr, results)


@pytest.mark.measures
def test_every_step_is_measured_and_agrees_with_itself(ran: Ran) -> None:
    assert [(step.service, step.load.amount) for step in ran.results.steps] == [
        *(("flask", 1), ("flask", 20)),
        *((ONE_WORKER, 1), (ONE_WORKER, 20)),
        *(("mine", 1), ("mine", 20)),
    ]
    for step in ran.results.steps:
        check(step)


@pytest.mark.measures
@pytest.mark.parametrize(("name", "count"), [("flask", KNOWN["flask"].slots), (ONE_WORKER, None)])
def test_our_own_services_are_held_against_their_model_and_watched(ran: Ran, name: str, count: int | None) -> None:
    (known,) = (contender for contender in ran.results.contenders if contender.name == name)
    assert known.demand
    assert known.demand.calibrated == halves().apart
    for step in ran.steps(name):
        model = step.load.predict(known.demand)
        assert step.predicted
        assert step.predicted.model_dump() == {**asdict(model), "arrivals": None}
        assert model.throughput <= step.load.predict(Demand(0.05, slots(count, 0.05))).throughput
        assert step.measured
        assert step.measured.memory
        assert step.measured.connections
        assert step.measured.server_cpu is not None
        assert step.measured.busiest_cpu is not None
        assert 0 <= step.measured.busiest_cpu <= step.measured.server_cpu + 0.02  # children that ended: ticks of 10 ms
        assert (step.measured.service_cores is not None) == halves().apart


@pytest.mark.measures
def test_a_target_shows_its_processes_and_is_predicted_from_what_one_user_saw(ran: Ran) -> None:
    *_, mine = ran.results.contenders
    for step in ran.steps("mine"):
        assert (step.predicted is None) == (mine.inferred is None or step.load == Closed(1))
        assert step.measured
        window = step.measured
        if psutil.LINUX:  # elsewhere they may be hidden
            assert window.server_cpu is not None
            assert window.memory
            assert window.connections
            assert window.processes_cpu
            assert window.busiest_cpu == max(window.processes_cpu)


@pytest.mark.measures
def test_the_status_is_a_verdict_unless_a_row_is_inconclusive(ran: Ran) -> None:
    assert ran.status == (2 if any(step.doubts for step in ran.results.steps) else 0)
    assert (" is inconclusive at " in ran.out) == (ran.status == 2)


@pytest.mark.measures
def test_the_file_holds_the_exact_commands_and_what_they_ran_on(ran: Ran) -> None:
    run = ran.results
    assert run.complete
    assert run.command == ["sync-vs-async", *ran.command[1:]]
    assert run.generator_command == [*PYTHON, "loadtest.generator.process"]
    flask, aiohttp, mine = run.contenders
    assert run.cores == halves()
    assert flask.command == KNOWN["flask"].command()
    assert aiohttp.command == replace(KNOWN["aiohttp"], workers=1).command()
    assert (mine.ours, mine.slots, mine.kind, mine.command) == (False, None, "unknown", [])
    assert (mine.calibration, mine.environment) == (None, {})
    assert (mine.demand is None) == (mine.inferred is None)
    assert flask.environment == aiohttp.environment == {"POOL_SIZE": str(Settings().pool_size), "POOL_TIMEOUT": "60"}
    for known in (flask, aiohttp):
        assert known.demand
        assert known.demand.wait == 0.05
        assert (known.demand.slots is not None) == (known is flask)
        assert (known.calibration is not None) == halves().apart
    assert run.options.scenario == "delay"
    assert mine.made_of == f"{ran.target}/delay/50ms"
    assert {"locust", "aiohttp", "Flask", "gunicorn"} <= run.machine.packages.keys()
    assert (run.machine.cores, run.machine.python) == (round(usable_cores(), 2), platform.python_version())
    assert run.options.loads == [Closed(1), Closed(20)]
    assert run.started < run.finished


@pytest.mark.measures
def test_compare_prints_every_step_the_tables_and_a_verdict_in_plain_text(ran: Ran) -> None:
    assert ran.err == ""
    assert "\x1b" not in ran.out
    told = [line for line in ran.out.splitlines() if ", repeat 1: " in line]
    assert [line.split(", repeat")[0] for line in told] == [
        *("flask, 1 user", "flask, 20 users"),
        *(f"{ONE_WORKER}, 1 user", f"{ONE_WORKER}, 20 users"),
        *("mine, 1 user", "mine, 20 users"),
    ]
    titles = ("keeps up with", "Throughput and latency", "The line-up", "Resources and errors", "Measured on ")
    places = [ran.out.index(title) for title in titles]
    assert places == sorted(places)
    assert re.search(
        r"^  flask (keeps up with 1 user and has slots for \d+|is inconclusive)", ran.out, flags=re.MULTILINE
    )
    report = ran.out.rstrip().splitlines()[-1]
    assert Path(report).name == "report.html"
    assert Path(report).with_name("results.json").exists()
    assert "<title>" in Path(report).read_text()
