import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from backing.postgres import VERSION
from loadtest.contenders.cores import SHARED, Cores
from loadtest.contenders.secrets import Secrets
from loadtest.contenders.selection import chosen
from loadtest.contenders.service import Service, lineup
from loadtest.contenders.target import Target
from loadtest.measure.comparison import Comparison
from loadtest.measure.contender import contender
from loadtest.results.schema import Measured, Part, Results, Step
from loadtest.verdict.bounds import throughput
from loadtest.verdict.forecast import forecast
from loadtest.workload.closed import Closed
from loadtest.workload.demand import Calibration, Demand
from loadtest.workload.open import Open
from tests.backing.support.databases import folder
from tests.loadtest.support.commands import with_packages_of_the_same_names
from tests.loadtest.support.comparisons import ONE_WORKER, check, compare, rest_of, unless_in_doubt, written
from tests.loadtest.support.fabricated import calibration, measured, open_step, options, use
from tests.loadtest.support.processes import living, started_in, taken
from tests.support.stalls import SLACK, TooLate, at_best

pytestmark = pytest.mark.slow


MANY = ",".join(map(str, range(1, 25)))
"""Numbers of users whose steps take much longer than it takes to interrupt the run."""


class Interrupted:
    """A run after its first step, with all processes that it has started."""

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

    def finished(self, out: str) -> list[int]:
        """Return the users of each step that had ended, by the output: `first` and what follows it."""
        return [int(users) for users in re.findall(r"^.*, (\d+) users?, repeat 1: ", self.first + out, re.MULTILINE)]


@contextmanager
def first_step(out: Path) -> Iterator[Interrupted]:
    command = compare(out, "--services", ONE_WORKER, "--users", MANY, "--delay", "50ms")
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


@pytest.mark.measures
@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_an_interrupted_run_keeps_what_it_has_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals, times: int
) -> None:
    with first_step(tmp_path) as run:
        run.process.send_signal(number)
        if times > 1:  # a second Ctrl-C, while compare stops its processes
            psutil.wait_procs(run.children, timeout=SLACK, callback=lambda _gone: run.process.send_signal(number))
        out, err = rest_of(run.process)
    assert (run.process.returncode, err) == (2, "")
    nothing_is_left(run)
    measured = written(tmp_path, drawn=False)
    assert not measured.complete
    assert "To draw the report: sync-vs-async report " in out
    assert [step.load.amount for step in measured.steps] == run.finished(out)
    check(measured.steps[0])
    assert "The run was interrupted. Only the steps measured until then are shown." in out


def test_a_run_that_is_interrupted_before_anything_was_measured_writes_nothing(tmp_path: Path) -> None:
    command = compare(tmp_path, "--services", ONE_WORKER, "--users", "1", "--seconds", "60")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        children: list[psutil.Process] = []
        try:
            while len(children) < 3 and process.poll() is None:
                children = psutil.Process(process.pid).children(recursive=True)
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (2, "Nothing was measured.\n", "")
    assert living(children) == []
    assert list(tmp_path.iterdir()) == []


def test_a_generator_that_dies_is_a_run_that_failed_and_keeps_what_it_has(tmp_path: Path) -> None:
    with first_step(tmp_path) as run:
        next(child for child in run.children if "loadtest.generator.process" in child.cmdline()).kill()
        out, err = rest_of(run.process)
    assert run.process.returncode == 1
    assert err.startswith("sync-vs-async: The load generator has exited.")
    nothing_is_left(run)
    assert [step.load.amount for step in written(tmp_path).steps] == run.finished(out)
    assert not written(tmp_path).complete


def test_a_service_that_cannot_start_is_a_run_that_failed(tmp_path: Path) -> None:
    command = compare(tmp_path, "--services", "flask:worker-class=no.such.Worker", "--users", "1")
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert ran.stdout == "Nothing was measured.\n"
    said, *log = ran.stderr.splitlines()
    assert said.startswith("sync-vs-async: flask:worker-class=no.such.Worker exited with status ")
    assert any("no.such.Worker" in line for line in log)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Yield an environment without a database and an upstream, so that a run starts both, with separate data."""
    with folder() as data:
        ours = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "UPSTREAM_URL")}
        yield {**ours, "XDG_CACHE_HOME": str(data.parent)}


def compared(out: Path, environment: dict[str, str], *arguments: str) -> tuple[Results, str]:
    """Run one scenario, check that it leaves no process, and return its results and its output in one line.

    The results are written into a new folder in `out`.
    """
    out = Path(mkdtemp(dir=out))
    ran = subprocess.run(
        compare(out, *arguments, "--details"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.stderr == ""
    assert living(started_in(environment)) == []
    found = written(out)
    assert found.complete
    assert ran.returncode == (2 if any(step.doubts for step in found.steps) else 0)
    assert (" is inconclusive at " in ran.stdout) == (ran.returncode == 2)
    return found, " ".join(ran.stdout.split())


def skip_where_in_doubt(steps: Iterable[Step]) -> None:
    """Skip the rest of a test if its steps are inconclusive, with the doubts as the reason."""
    if doubts := [f"{step.service} at {step.load.amount}: {doubt}" for step in steps for doubt in step.doubts]:
        pytest.skip(f"no verdict to check, {len(doubts)} doubts: {'; '.join(doubts)}")


@pytest.mark.measures
@at_best()
def test_a_small_pool_binds_both_twins(tmp_path: Path, environment: dict[str, str]) -> None:
    small = "workers=1:pool-size=2"
    services = f"flask-threads:{small},aiohttp:{small}"
    asked = ("--scenario", "query", "--services", services, "--users", "2,8", "--delay", "50ms")
    run, told = compared(tmp_path, environment, *asked)
    assert [contender.environment for contender in run.contenders] == [{"POOL_SIZE": "2", "POOL_TIMEOUT": "60"}] * 2
    for step in run.steps:
        assert step.predicted
        assert 20 < step.predicted.throughput <= 40  # a query takes a little longer than the 50 ms that it waits
        assert step.predicted.bound == ("database pool" if step.load.amount == 8 else "users")
        assert step.measured
        with unless_in_doubt([step]):
            check(step)
            # two connections, each held for 50 ms by one query after the other; an edge may show one more of each
            assert step.measured.requests <= 2 * (step.measured.seconds / 0.05 + 1)
        if not step.doubts:
            assert step.bound == step.predicted.bound
    assert told.count("database pool of 2 ") >= 2
    skip_where_in_doubt(step for step in run.steps if step.load.amount == 8)
    assert f"At 8 users aiohttp:{small} and flask-threads:{small} are bound by their database pools" in told


@pytest.mark.measures
@at_best()
def test_as_many_askers_as_workers_lock_the_blocking_twin_and_the_other_answers_them(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    asked = ("--scenario", "ask", "--services", f"flask:workers=2,{ONE_WORKER}", "--users", "2", "--delay", "100ms")
    run, told = compared(tmp_path, environment, *asked)
    flask, aiohttp = run.steps
    assert flask.predicted
    assert (flask.predicted.throughput, flask.predicted.bound) == (0.0, "deadlock")
    assert flask.doubts or flask.bound == "deadlock"
    assert flask.measured
    with unless_in_doubt(run.steps):
        assert flask.measured.failures >= flask.measured.requests / 2 > 0
        assert all("504" in kind for kind in flask.measured.errors)
        assert not any("failed" in doubt for doubt in flask.doubts)
        check(aiohttp)
    assert aiohttp.predicted
    assert 10 < aiohttp.predicted.throughput <= 20  # besides the 100 ms there is the work of two requests
    assert aiohttp.predicted.bound == "users"
    skip_where_in_doubt([flask])
    assert "at 2 users it deadlocks: requests that wait for an answer hold all 2 slots" in told


@pytest.mark.measures
@at_best()
def test_slow_clients_block_a_service_with_a_slot_for_each_of_them_and_no_event_loop(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    services = f"flask:workers=2,flask-threads:workers=1:threads=4,{ONE_WORKER}"
    asked = ("--scenario", "slow-clients", "--slow-clients", "2", "--services", services)
    run, told = compared(tmp_path, environment, *asked, "--users", "4", "--delay", "50ms")
    assert run.options.slow_clients == 2
    flask, threads, aiohttp = run.steps
    assert flask.measured
    assert flask.measured.requests == flask.measured.failures
    for step, bound in zip(run.steps, ("slow clients", "slots", "users"), strict=True):
        assert step.predicted
        assert step.predicted.bound == bound
        assert step.doubts or step.bound == bound
    assert threads.predicted
    assert threads.predicted.throughput == pytest.approx(40)
    assert threads.measured
    with unless_in_doubt(run.steps):
        check(aiohttp)
        assert threads.measured.requests <= 2 * (threads.measured.seconds / 0.05 + 1)
    skip_where_in_doubt([flask])
    assert "flask:workers=2 is blocked: slow clients hold all 2 slots; no request is answered." in told


@pytest.mark.measures
@at_best()
def test_a_mixed_day_is_answered_by_both_and_stays_below_its_ceiling(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    services = f"flask-threads:workers=1,{ONE_WORKER}"
    asked = ("--scenario", "mixed", "--services", services, "--users", "4", "--delay", "50ms", "--seconds", "1")
    run, _ = compared(tmp_path, environment, *asked)
    for step in run.steps:
        assert step.predicted
        assert 0.5 * 4 / 0.045 < step.predicted.throughput <= 4 / 0.045
        assert step.measured
        assert step.doubts or step.bound in ("users", "the mix", "CPU")
        with unless_in_doubt([step]):
            assert step.measured.requests > 10
            assert (step.measured.failures, step.measured.unfinished) == (0, 0)
            assert throughput(step.measured) <= 1.3 * step.predicted.throughput  # a second is too short for a whole day


@pytest.mark.measures
def test_a_disk_is_measured_without_a_prediction(tmp_path: Path) -> None:
    asked = ("--scenario", "file", "--services", ONE_WORKER, "--users", "1,4")
    ran = subprocess.run(compare(tmp_path, *asked), capture_output=True, text=True, check=False, timeout=60)
    assert ran.stderr == ""
    first, second = written(tmp_path).steps
    assert first.predicted is second.predicted is None
    assert first.doubts or first.bound in ("users", "CPU")
    assert second.doubts or second.bound in (
        {"unexplained", "CPU"} if first.doubts else {"users", "its own limit", "CPU"}
    )
    for step in (first, second):
        assert step.measured
        assert step.measured.requests > step.measured.failures == 0


def kept(seen: list[int]) -> Measured:
    """Return the window of an open load whose requests these processes answered."""
    window = open_step("flask-threads", RATE).measured
    assert window
    assert window.arrivals
    return window.model_copy(update={"arrivals": window.arrivals.model_copy(update={"shares": seen})})


RATE = Open(190)
"""A little less than two processes with ten connections each can carry, if a request holds one for 100 ms."""


@pytest.mark.parametrize(
    ("service", "seen", "shares"),
    [
        ("flask-threads", [600, 400], (600, 400)),
        ("flask-threads", [1000], (1000, 0)),
        ("aiohttp", [600, 400], (600, 400)),
        ("flask-threads", [], (1,)),  # nobody says which process answered
        ("flask", [400, 300, 200, 100, 0], (1,)),  # a connection for each request: any free process takes it
        ("flask-threads:workers=1:threads=64", [1000], (1,)),
    ],
)
def test_the_arrivals_of_a_window_are_predicted_with_the_requests_that_each_process_got(
    service: str, seen: list[int], shares: tuple[int, ...]
) -> None:
    ours = chosen(service, lineup(2))
    asked = options(loads=[RATE], scenario="query")
    comparison = Comparison([ours], asked, [])
    (planned,) = comparison.planned(ours)
    step = comparison._step(ours, 2, planned, kept(seen), None)
    assert step.predicted
    demand = contender(ours, asked).demand
    assert demand
    spans = planned.warmup, planned.window
    expected, served = forecast(RATE.schedule(2), RATE, demand, spans, shares)
    assert (step.predicted.arrivals, step.predicted.throughput) == (expected, served)
    assert (expected == forecast(RATE.schedule(2), RATE, demand, spans)[0]) == (len(shares) == 1)


@pytest.mark.parametrize(("scenario", "service"), [("mixed", "aiohttp"), ("ask", "flask"), ("file", "aiohttp")])
def test_arrivals_that_differ_or_wait_for_each_other_are_not_replayed(scenario: str, service: str) -> None:
    ours = lineup(2)[service]
    asked = options(loads=[Open(20)], scenario=scenario)
    comparison = Comparison([ours], asked, [])
    (planned,) = comparison.planned(ours)
    step = comparison._step(ours, 1, planned, None, None)
    assert (step.predicted is None) == (scenario == "file")
    assert step.predicted is None or step.predicted.arrivals is None


def test_arrivals_at_a_target_are_held_against_its_first_step() -> None:
    target = Target("mine", "http://127.0.0.1:9")
    comparison = Comparison([target], options(loads=[Open(50), Open(100)]), [])
    fifty, hundred = comparison.planned(target)
    half, whole = (open_step("stranger", Open(rate)).measured for rate in (50, 100))
    assert half
    assert whole
    began = comparison._step(target, 1, fifty, half, None)
    assert (began.predicted, began.bound, began.doubts) == (None, "arrivals", [])
    assert comparison._step(target, 1, hundred, whole, began).bound == "arrivals"
    assert comparison._step(target, 1, hundred, half, began).bound == "its own limit"
    doubtful = began.model_copy(update={"doubts": ["so"]})
    assert comparison._step(target, 1, hundred, whole, doubtful).bound == "unexplained"


@pytest.mark.parametrize(
    ("first", "bound"),
    [
        (measured(1, 0.1), "its own limit"),
        (measured(1, seconds=0.9), "unexplained"),  # inconclusive: nine requests
        (measured(1, 0.1, failures=100), "unexplained"),  # nothing succeeded
    ],
    ids=["conclusive", "inconclusive", "failed"],
)
def test_a_target_is_held_against_its_first_step_only_if_that_can_be_trusted(first: Measured, bound: str) -> None:
    target = Target("mine", "http://127.0.0.1:9")
    comparison = Comparison([target], options(), [])
    one, fifty, _ = comparison.planned(target)
    began = comparison._step(target, 1, one, first, None)
    assert comparison._step(target, 1, fifty, measured(50, 0.2), began).bound == bound


def test_counts_of_texts_that_are_the_same_once_masked_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = Secrets({"ONE": "first", "TWO": "second"})
    secrets.expanded("${ONE}${TWO}")
    parts = {
        "/first": Part(requests=3, failures=1, latency={5.0: 1, 6.0: 1}),
        "/second": Part(requests=4, failures=0, latency={6.0: 4}),
    }
    window = measured(1, errors={"no first": 2, "no second": 3, "other": 1}, parts=parts)
    monkeypatch.setattr("loadtest.measure.comparison.measure", lambda *_: window)
    target = Target("mine", "http://127.0.0.1:9")
    comparison = Comparison([target], options(), [], secrets=secrets)
    nothing: Any = None
    found = comparison._measure(nothing, None, nothing, comparison.planned(target)[0], 1)
    assert found.errors == {"no ***": 5, "other": 1}
    assert found.parts == {"/***": Part(requests=7, failures=1, latency={5.0: 1, 6.0: 5})}


class Begun:
    """A receiver of progress that remembers what began, and the seconds that it was said to take."""

    def __init__(self) -> None:
        self.what: list[tuple[str, str, int]] = []
        self.seconds = 0.0

    def found(self, _sentence: str) -> None:
        raise AssertionError("a comparison finds nothing in words")

    def begins(self, service: str, what: str, repeat: int, seconds: float) -> None:
        self.what.append((service, what, repeat))
        self.seconds += seconds

    def ended(self, step: Step) -> None:
        pass


APART = Cores((0,), (1,))


class Instant:
    """Runs of comparisons whose servers, load generators and windows are fabricated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calibration: Calibration | None = calibration()
        self.window = measured(1)
        self.fresh = 0
        for name, replacement in {
            "confined": lambda _cores: nullcontext(),
            "Comparison._fresh": self._fresh,
            "calibrate": lambda *_: self.calibration,
            "Comparison._measure": lambda *_: self.window,
        }.items():
            monkeypatch.setattr(f"loadtest.measure.comparison.{name}", replacement)

    @contextmanager
    def _fresh(self, service: Service | Target, *_: object) -> Iterator[tuple[Any, Any]]:
        self.fresh += 1
        server = SimpleNamespace(url="http://127.0.0.1:9", ours=True, cores=lambda given: given)
        yield (
            SimpleNamespace(begin=lambda _job: None, notices=[], masters=()),
            server if isinstance(service, Service) else None,
        )

    def __call__(self, comparison: Comparison) -> Begun:
        progress = Begun()
        comparison.run(progress)
        return progress


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> Instant:
    return Instant(monkeypatch)


AIOHTTP = lineup(1)["aiohttp"]

TWICE = options(loads=[Closed(1)], repeats=2)


def test_each_service_is_calibrated_once_on_a_server_of_its_own_and_a_target_never(instant: Instant) -> None:
    comparison = Comparison([AIOHTTP, Target("mine", "http://127.0.0.1:9")], TWICE, [], APART)
    begun = instant(comparison)
    assert begun.what == [
        ("aiohttp", "calibration", 1),
        *(("aiohttp", "1 user", 1), ("mine", "1 user", 1)),
        *(("aiohttp", "1 user", 2), ("mine", "1 user", 2)),
    ]
    assert instant.fresh == 5
    known, mine = comparison.results(complete=True).contenders
    assert known.calibration == instant.calibration
    assert known.demand == Demand(0.1).calibrated_by(calibration(), 1)
    assert mine.calibration is None
    assert mine.inferred is not None
    assert mine.demand == Demand(mine.inferred.wait)  # what one user saw, and no limit
    assert {step.predicted.throughput for step in comparison.steps if step.predicted} == {
        Closed(1).predict(known.demand).throughput
    }


def test_a_calibration_that_failed_leaves_the_model_without_the_cpu(instant: Instant) -> None:
    instant.calibration = None
    comparison = Comparison([AIOHTTP], TWICE, [], APART)
    assert instant(comparison).what[0] == ("aiohttp", "calibration", 1)
    (known,) = comparison.results(complete=True).contenders
    assert (known.calibration, known.demand) == (None, Demand(0.1))


@pytest.mark.parametrize(
    ("name", "changes", "cores"),
    [
        ("aiohttp", {}, SHARED),
        ("aiohttp", {"scenario": "file"}, APART),
        ("flask", {"scenario": "slow-clients", "slow_clients": 1}, APART),
    ],
    ids=["shared cores", "disk", "slow clients"],
)
def test_nothing_is_calibrated_that_would_predict_nothing(
    name: str, changes: dict[str, Any], cores: Cores, instant: Instant
) -> None:
    comparison = Comparison([lineup(1)[name]], TWICE.model_copy(update=changes), [], cores)
    assert "calibration" not in {what for _, what, _ in instant(comparison).what}


@pytest.mark.parametrize("cores", [APART, SHARED])
def test_the_time_of_a_run_is_estimated_with_its_calibrations(cores: Cores, instant: Instant) -> None:
    comparison = Comparison([AIOHTTP, replace(AIOHTTP, name="another")], TWICE, [], cores)
    estimated = comparison.seconds
    begun = instant(comparison)
    assert begun.seconds == pytest.approx(estimated, rel=0.05)  # the prediction of a step changes with the calibration


@pytest.mark.parametrize(
    ("window", "bound"),
    [
        (measured(1, generator_cpu=0.95), "generator"),
        (measured(1, service_cores=use(0.5), other_cores=use(1.0), others_cpu={"database": 0.8}), "database"),
        (measured(1, service_cores=use(0.5), other_cores=use(1.0), others_cpu={"upstream": 0.8}), "upstream"),
        (measured(1, busiest_cpu=0.95), "CPU"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_step_more_is_run_after_anything_was_full(window: Measured, bound: str, instant: Instant) -> None:
    instant.window = window
    comparison = Comparison([AIOHTTP], options(loads=[Closed(1), Closed(2), Closed(3)]), [], APART)
    instant(comparison)
    assert [step.bound for step in comparison.steps] == [bound, bound, "not run"]


def test_no_step_more_is_run_after_a_backlog_has_grown_and_each_repeat_has_a_schedule_of_its_own(
    instant: Instant,
) -> None:
    window = open_step("flask", Open(100)).measured
    assert window
    instant.window = window
    flask = chosen("flask:workers=5", lineup(1))
    comparison = Comparison([flask], options(loads=[Open(100), Open(20), Open(400)], repeats=2), [])
    instant(comparison)
    assert [(step.load.amount, step.measured is not None) for step in comparison.steps] == (
        [(20, True), (100, True), (400, False)] * 2
    )
    known = [step.predicted and step.predicted.arrivals for step in comparison.steps]
    assert None not in known
    assert known[:3] != known[3:]  # the arrivals of each repeat


@contextmanager
def mixed_run(out: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    asked = ("--scenario", "mixed", "--services", ONE_WORKER, "--users", MANY, "--delay", "50ms")
    with subprocess.Popen(
        compare(out, *asked),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def started_with_a_database(process: subprocess.Popen[str], environment: dict[str, str]) -> list[psutil.Process]:
    """Wait until a run has started its database, and return all processes that it has started."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        found = started_in(environment)
        if any("-k" in words for words in map(command_of, found)):
            return found
        time.sleep(0.01)
    pytest.fail("it started no database")


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("when", ["at once", "in the middle"])
@at_best()
def test_ctrl_c_leaves_no_database_no_upstream_and_no_port(
    tmp_path: Path, environment: dict[str, str], when: str
) -> None:
    out = Path(mkdtemp(dir=tmp_path))
    with mixed_run(out, environment) as process:
        if when == "in the middle":
            assert process.stdout
            assert process.stdout.readline().startswith(f"{ONE_WORKER}, 1 user, repeat 1: ")
        started = started_with_a_database(process, environment)
        ports = ports_of(started)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (2, "")
    assert living(started) == living(started_in(environment)) == []
    assert not any(taken(port) for port in ports)
    files = list(out.glob("*/results.json"))
    if when == "at once" and (ports or files):
        raise TooLate("it had gone on")
    # the ports of the upstream and of the service; the file, and the same through the link latest
    assert (len(ports), len(files)) == ((2, 2) if when == "in the middle" else (0, 0))


def test_a_run_works_in_a_folder_with_packages_of_the_same_names(tmp_path: Path) -> None:
    ran = subprocess.run(
        compare(tmp_path / "out", "--services", ONE_WORKER, "--users", "1", "--delay", "20ms"),
        cwd=with_packages_of_the_same_names(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stderr == ""
    (step,) = written(tmp_path / "out").steps
    assert step.measured
    assert step.measured.failures == 0


def test_sigkill_leaves_no_process(tmp_path: Path, environment: dict[str, str]) -> None:
    with mixed_run(tmp_path, environment) as process:
        assert process.stdout
        assert process.stdout.readline().startswith(f"{ONE_WORKER}, 1 user, repeat 1: ")
        started = started_with_a_database(process, environment)
        process.kill()
        process.communicate(timeout=60)
    assert living(started) == []


def ports_of(processes: list[psutil.Process]) -> set[int]:
    ports = set()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            ports |= {
                connection.laddr.port
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            }
    return ports


def test_a_database_that_cannot_be_set_up_is_a_run_that_failed(tmp_path: Path) -> None:
    data = tmp_path / "sync-vs-async" / f"postgres-{VERSION}"
    data.parent.mkdir()
    data.write_text("no folder", encoding="utf-8")
    alone = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    ran = subprocess.run(
        compare(tmp_path / "out", "--scenario", "query", "--services", ONE_WORKER, "--users", "1"),
        env={**alone, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout) == (1, "Nothing was measured.\n")
    assert f"sync-vs-async: PostgreSQL could not be set up in {data}: " in ran.stderr
    assert "Traceback" not in ran.stderr
