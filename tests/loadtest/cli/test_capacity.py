"""Tests of the command `capacity`: its options, its files, and its exit statuses."""

import re
import signal
import subprocess
import time
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pytest

from backing.environment import Backing
from loadtest.cli.capacity import BUDGET, QUICK_BUDGET
from loadtest.cli.main import main
from loadtest.contenders.cores import halves
from loadtest.measure.capacity import CapacitySearch
from loadtest.measure.comparison import CALIBRATION, NOTHING, Progress
from loadtest.processes.service import ServiceFailed
from loadtest.results.capacity import Capacity
from loadtest.results.schema import Results, load
from loadtest.workload.open import Open
from tests.loadtest.support.capacities import capacity, shorter
from tests.loadtest.support.comparisons import SCRIPT, rest_of, written
from tests.loadtest.support.fabricated import open_step
from tests.loadtest.support.processes import living
from tests.support.stalls import TooLate, at_best

SERVICE = "flask-threads:threads=8"
ASKED = ("--services", SERVICE, "--delay", "50ms", "--slo", "p90<200ms")
"""Options of a search: eight slots of 50 ms carry at most 160 arrivals per second."""

TOLD = re.compile(rf"({SERVICE}, .*): (passed|failed|undecided|inconclusive)")
"""The line of output that tells the outcome of a window."""

LIMITS = "takes seconds (0.25) or a number with a unit (250ms, 1.5s), "


@pytest.fixture
def _nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.cli.capacity.run_all", lambda *_, **__: pytest.fail("it ran"))


@pytest.mark.usefixtures("_nothing_is_run")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        *(
            (f"--slo={slo}", f"an objective reads like p99<500ms or errors<1%; got {slo!r}.")
            for slo in ("", "p99", "p99>500ms", "errors<1", "errors<x%", "p<1s", "mean<1s")
        ),
        *(
            (
                f"--slo={slo}",
                f"an objective reads like p99<500ms or errors<1%, with a number between 0 and 100; got {slo!r}.",
            )
            for slo in ("p0<1s", "p100<1s", "errors<0%", "errors<100%")
        ),
        ("--slo=p9.9.9<1s", "an objective reads like p99<500ms or errors<1%; got 'p9.9.9<1s', in which a number "),
        ("--slo=p99<0s", "an objective reads like p99<500ms or errors<1%, with a time above 0; got 'p99<0s'."),
        *((f"--slo={slo}", f"the deadline of {slo!r} {LIMITS}") for slo in ("p99<1h", "p99<=500ms", "p99<11s")),
        ("--services nobody", "There is no service 'nobody'; choose from flask, "),
        ("--services flask,flask", "Each service can be searched once; got flask, flask."),
        *((f"--delay={delay}", f"--delay {LIMITS}") for delay in ("", "x", "1h", "-1", "nan", "11")),
        ("--delay 0", "--delay takes at least 1ms, so that there is a wait to measure; got '0'."),
        ("--delay 500ms", "--delay must be shorter than what p99<500ms allows; got '500ms'."),
        ("--delay 600ms --slo errors<1% --slo p50<600ms", "--delay must be shorter than what p50<600ms allows; got "),
        ("--scenario fanout --delay 3s", "--delay takes at most 2s for fanout; got '3s'."),
        ("--scenario barrier", "Invalid value for '--scenario': 'barrier' is not one of 'delay', "),
        ("--patience 100ms", "--patience must be longer than --delay, or no request is answered; got 0.1s."),
        (
            "--patience 1s --delay 1s --slo p99<2s",
            "--patience must be longer than --delay, or no request is answered; ",
        ),
        ("--slo p99<2s --patience 1s", "--patience must be at least as long as the deadline, 2s; got 1s."),
        ("--slo p99<1s --slo p50<2s --patience 1s", "--patience must be at least as long as the deadline, 2s; got 1s."),
        *((f"--patience={text}", f"--patience {LIMITS}") for text in ("", "x", "11s")),
        *(
            (f"--seed={seed}", f"--seed takes a whole number from 0 to 1000000000; got {seed}.")
            for seed in ("-1", "x", "1.5", "1000000001")
        ),
        ("--clients 0", "--clients takes a whole number from 1 to 100000; got 0."),
        ("--arrivals bursts", "Invalid value for '--arrivals': 'bursts' is not one of 'poisson', 'even'."),
        (
            "--scenario query --services aiohttp:workers=2:pool-size=250",
            "aiohttp:workers=2:pool-size=250 would open 502 connections to the database, which accepts 500; ",
        ),
        ("--cores 0-1", "--cores takes shared or two lists such as service=0-1,others=2-3; got '0-1'."),
        ("--out /dev/null/x", "--out '/dev/null/x' cannot be written to: Not a directory."),
        *((option, f"No such option '{option}'.") for option in ("--rate", "--users", "--repeats", "--deadline")),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_1(
    arguments: str, complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["capacity", *arguments.split()])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (1, "", 1)
    assert err.partition(": ")[2].startswith(complaint)


def planned(arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CapacitySearch:
    """Return the search that `capacity` would run with these arguments."""
    found: list[CapacitySearch] = []

    def take(searches: dict[str, CapacitySearch], *_: object, **__: object) -> int:
        found.extend(searches.values())
        return 0

    monkeypatch.setattr("loadtest.cli.capacity.run_all", take)
    with pytest.raises(SystemExit) as ended:
        main(["capacity", "--out", str(tmp_path), *arguments.split()])
    assert ended.value.code == 0
    (search,) = found
    return search


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("", {"scenario": "delay", "wait": 0.25, "objectives": ["p99<500ms"], "deadlines": [0.5], "loads": [Open(1)]}),
        ("--slo errors<0.1%", {"objectives": ["errors<0.1%"], "deadlines": []}),
        ("--slo p99<1s --slo p50<300ms", {"objectives": ["p99<1s", "p50<300ms"], "deadlines": [0.3, 1.0]}),
        ("--slo p99<1s --slo p99<1s", {"objectives": ["p99<1s"], "deadlines": [1.0]}),
        ("--delay 499ms", {"delay": "499ms", "wait": 0.499}),
        (
            "--arrivals even --seed 1000000000 --patience 500ms --clients 7",
            {"loads": [Open(1, "even", seed=10**9, patience=0.5, clients=7)]},
        ),
        ("--scenario query", {"scenario": "query", "slow_clients": 0}),
        ("--scenario slow-clients", {"scenario": "slow-clients", "slow_clients": 20}),
        ("--scenario healthz --delay 1s --patience 500ms", {"wait": 1.0}),  # it ignores the delay
        ("--scenario file --delay 1s --patience 500ms", {"wait": 1.0}),
    ],
)
def test_the_options_reach_the_search(
    arguments: str, options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = planned(arguments, tmp_path, monkeypatch).results(complete=False).options
    assert {name: getattr(asked, name) for name in options} == options


def test_three_services_are_searched_by_default_and_quick_is_shorter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, quick = (planned(arguments, tmp_path, monkeypatch) for arguments in ("", "--quick"))
    assert [each.name for each in whole.services] == ["flask", "flask-threads", "aiohttp"]
    assert (whole.seconds, quick.seconds) == (3 * (BUDGET + CALIBRATION), 3 * (QUICK_BUDGET + CALIBRATION))


def test_help_lists_every_option_with_examples_that_can_be_pasted() -> None:
    ran = subprocess.run([SCRIPT, "capacity", "--help"], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stderr == ""
    told, _, examples = ran.stdout.partition("examples:\n")
    options = {*re.findall(r"^  (--[a-z-]+)", told, flags=re.MULTILINE)}
    assert options == {
        *("--services", "--scenario", "--delay", "--slo", "--quick", "--arrivals", "--seed", "--patience"),
        *("--clients", "--cores", "--out", "--require", "--junit", "--markdown", "--open", "--help"),
        *("--details", "--as-json", "--generators", "--remote-generators", "--bind", "--token"),
    }
    assert {*re.findall(r"(--[a-z-]+)", examples)} <= options
    assert max(map(len, examples.splitlines())) <= 120
    assert "exit status: 0 " in examples


class Fabricated(CapacitySearch):
    """A search that ends at once: with these findings, or after one window with `ends`."""

    findings: tuple[Capacity, ...] = ()
    ends: BaseException | None = None

    def run(self, progress: Progress, behind: Backing = NOTHING) -> None:
        assert behind == NOTHING
        self.steps.append(open_step("flask", Open(20.0)))
        progress.found("flask, 20 arrivals/s: passed")
        self._capacities.update({each.service: each for each in self.findings})
        if self.ends:
            raise self.ends


@pytest.mark.parametrize(
    ("findings", "ends", "status", "words"),
    [
        ((capacity(95.0, 104.0),), None, 0, "For p99<500ms: flask 95.0 to 104 arrivals/s (slots)."),
        ((capacity(95.0, None, resolved=False),), None, 2, "No single answer for flask after 1 probe: the time was "),
        ((capacity(95.0, None, resolved=False),), KeyboardInterrupt(), 2, "The run was interrupted. Only the probes "),
        ((), KeyboardInterrupt(), 2, "The run was interrupted. Only the probes measured until then are shown."),
        ((), ServiceFailed("flask has exited."), 1, "The run failed: flask has exited. Only the probes "),
    ],
    ids=["an answer", "no single answer", "interrupted", "interrupted early", "failed"],
)
def test_the_exit_status_and_the_page_tell_whether_there_is_an_answer(  # noqa: PLR0913, PLR0917 - a table of cases
    findings: tuple[Capacity, ...],
    ends: BaseException | None,
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Fabricated, "findings", findings)
    monkeypatch.setattr(Fabricated, "ends", ends)
    monkeypatch.setattr("loadtest.cli.capacity.CapacitySearch", Fabricated)
    with pytest.raises(SystemExit) as ended:
        main(["capacity", "--services", "flask", "--cores", "shared", "--out", str(tmp_path)])
    assert ended.value.code == status
    out = capsys.readouterr().out
    assert out.startswith("flask, 20 arrivals/s: passed\n")
    assert words in " ".join(out.split())
    interrupted = isinstance(ends, KeyboardInterrupt)
    assert ("To draw the report: sync-vs-async report " in out) == interrupted
    if interrupted:
        with pytest.raises(SystemExit):
            main(["report", str(tmp_path / "latest")])
    page = (tmp_path / "latest" / "report.html").read_text(encoding="utf-8")
    assert "capacity of flask: delay, 250ms</p>" in page
    assert words.partition("<")[0] in " ".join(page.split())


def tried(results: Results) -> list[tuple[float, int]]:
    """Return each rate with the number of its windows, by the steps of the run."""
    rates = [step.load.amount for step in results.steps]
    return sorted({(rate, rates.count(rate)) for rate in rates})


@pytest.mark.slow
@pytest.mark.measures
@at_best()
def test_a_search_ends_with_a_range_and_a_report_and_is_drawn_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not halves().apart:
        pytest.skip("needs two cores, and a system that binds processes to cores")
    out = Path(mkdtemp(dir=tmp_path))
    done = subprocess.run(shorter(out, *ASKED), capture_output=True, text=True, check=False, timeout=120)
    results = written(out)
    (found,) = results.capacities
    assert (done.returncode, done.stderr) == (0 if found.resolved else 2, "")
    assert results.complete
    assert found.service == SERVICE
    assert found.predicted
    assert found.predicted < 160
    if found.predicted <= 100:
        raise TooLate("the waits of the calibration took too long")
    assert [(each.rate, each.windows) for each in found.probes] == tried(results)
    assert all(each.calibration for each in results.contenders)
    for each in found.probes:
        told = f"{SERVICE}, {Open(each.rate).label}: {each.outcome}"
        assert f"\n{told}" in done.stdout
        assert each.low <= each.share <= each.high
    assert (found.passed or 0.0) < 160  # more than its slots carry cannot pass
    page = out / "latest" / "report.html"
    page.unlink()
    with pytest.raises(SystemExit) as ended:
        main(["report", str(out / "latest")])
    assert (ended.value.code, capsys.readouterr().out.splitlines()[-1]) == (0, str(page))
    assert f"capacity of {SERVICE}: delay, 50ms</p>" in page.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.measures
def test_ctrl_c_keeps_the_probes_and_leaves_no_process(tmp_path: Path) -> None:
    command = shorter(tmp_path, *ASKED, "--cores", "shared", budget=120.0)  # even a slow window is not the last
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            told = next(line for line in process.stdout if TOLD.match(line))
            while len(children := psutil.Process(process.pid).children(recursive=True)) < 3:
                assert process.poll() is None  # of the next window: generator, the service's master and its worker
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = rest_of(process)
        finally:
            process.kill()
    assert (process.returncode, err) == (2, "")
    assert living(children) == []
    results = load(tmp_path / "latest" / "results.json")
    assert not results.complete
    (found,) = results.capacities
    said = {each[1]: each[2] for line in [told, *out.splitlines()] if (each := TOLD.match(line))}
    kept = {f"{SERVICE}, {Open(probe.rate).label}": probe.outcome for probe in found.probes}
    assert said.keys() == kept.keys()
    assert said == kept or len(kept) > 1  # windows at one rate may decide another
    assert (found.resolved, found.why) == (False, "the search is not over")
    assert "The run was interrupted. Only the probes measured until then are shown." in " ".join(out.split())
