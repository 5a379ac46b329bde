"""Tests of the command `lineup`: its three comparisons, the files left after an interruption, and its page."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from backing.environment import Backing
from loadtest.cli.lineup import OUTCOME
from loadtest.cli.main import main
from loadtest.cli.run import run_all
from loadtest.cli.telling import Telling
from loadtest.contenders.cores import halves
from loadtest.contenders.service import lineup
from loadtest.measure.comparison import NOTHING, Comparison, Progress
from loadtest.processes.service import ServiceFailed
from loadtest.results.schema import FILE, Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS, load_all, options
from tests.loadtest.support.fabricated import lineup_of
from tests.loadtest.support.processes import living, started_in
from tests.support.stalls import TooLate, at_best

SCRIPT = Path(sys.executable).with_name("sync-vs-async")

NAMES = ("flask", "aiohttp")


class Fabricated(Comparison):
    """A fabricated comparison: its first `steps` steps finish at once, then it raises `ends`."""

    def __init__(self, way: str, ends: BaseException | None = None, steps: int = 9, **changes: Any) -> None:
        super().__init__([lineup(2)[name] for name in NAMES], options(way, 1.0, 1), ["sync-vs-async", "lineup"])
        self._found = lineup_of(NAMES, **changes)[way].steps[:steps]
        self._ends = ends

    def run(self, progress: Progress, behind: Backing = NOTHING) -> None:
        assert behind == NOTHING  # none of the three needs a database or an upstream
        for step in self._found:
            progress.begins(step.service, step.load.label, step.repeat, 0.0)
            self.steps.append(step)
            progress.ended(step)
        if self._ends:
            raise self._ends


class Drawn:
    """A replacement for drawing that records its arguments, or fails."""

    def __init__(self, fails: bool = False) -> None:
        self.path: Path | None = None
        self.measured: Mapping[str, Results] = {}
        self._fails = fails

    def __call__(self, measured: Mapping[str, Results], folder: Path) -> list[Path]:
        path = folder / "lineup.html"
        if self._fails:
            raise OSError(28, "No space left on device", str(path))
        self.path, self.measured = path, measured
        return [path]


def run(out: Path, drawn: Drawn, **others: Fabricated) -> int:
    comparisons = {way: others.get(way, Fabricated(way)) for way in WAYS}
    return run_all(comparisons, out, Telling(details=True, as_json=False), OUTCOME._replace(draw=drawn), opened=False)


def kept(out: Path) -> dict[str, Results]:
    return load_all(out / "latest")


def test_three_comparisons_are_written_and_drawn_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = Drawn()
    assert run(tmp_path, drawn) == 0
    (folder,) = (path for path in tmp_path.iterdir() if path.name != "latest")
    assert os.readlink(tmp_path / "latest") == folder.name
    assert sorted(path.name for path in folder.iterdir()) == sorted(WAYS)
    assert all([path.name for path in (folder / way).iterdir()] == [FILE] for way in WAYS)
    assert drawn.path == folder / "lineup.html"
    assert drawn.measured == kept(tmp_path)
    assert all(results.complete for results in kept(tmp_path).values())
    said = capsys.readouterr().out
    assert "delay: flask, 1 user, repeat 1: " in said
    assert f"healthz: aiohttp, {WAYS[HEALTHZ].loads[-1].label}, repeat 1: " in said
    assert f"At {WAYS[DELAY].loads[-1].label} flask is capped by its slots" in " ".join(said.split())
    assert said.rstrip().endswith(f"\n{folder}/lineup.html")


def test_what_is_inconclusive_is_drawn_and_told_by_the_status(tmp_path: Path) -> None:
    drawn = Drawn()
    assert run(tmp_path, drawn, healthz=Fabricated(HEALTHZ, doubts=["a doubt"])) == 2
    assert drawn.path is not None


def test_whoever_interrupts_it_keeps_what_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = Drawn()
    assert run(tmp_path, drawn, cpu=Fabricated(CPU, KeyboardInterrupt(), steps=1)) == 2
    found = kept(tmp_path)
    assert {way: (results.complete, len(results.steps)) for way, results in found.items()} == {
        DELAY: (True, len(NAMES) * len(WAYS[DELAY].loads)),
        CPU: (False, 1),
    }
    assert drawn.path is None
    said = capsys.readouterr().out
    assert "Scenario cpu was interrupted." in said
    assert "Scenario healthz was not measured." in said
    assert "To draw the report: sync-vs-async report " in said


def test_what_was_interrupted_before_its_first_step_is_not_written(tmp_path: Path) -> None:
    assert run(tmp_path, Drawn(), cpu=Fabricated(CPU, KeyboardInterrupt(), steps=0)) == 2
    assert list(kept(tmp_path)) == [DELAY]


def test_where_nothing_was_measured_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, Drawn(), delay=Fabricated(DELAY, KeyboardInterrupt(), steps=0)) == 2
    assert capsys.readouterr().out == "Nothing was measured.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_told_and_what_was_measured_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = Drawn()
    failure = ServiceFailed("flask exited with status 1.\nits log")
    assert run(tmp_path, drawn, cpu=Fabricated(CPU, failure, steps=1)) == 1
    assert kept(tmp_path)[CPU].failure == "flask exited with status 1."
    assert drawn.path is not None
    assert capsys.readouterr().err == "sync-vs-async: flask exited with status 1.\nits log\n"


def test_where_the_page_cannot_be_written_the_results_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, Drawn(fails=True)) == 1
    assert list(kept(tmp_path)) == [*WAYS]
    assert capsys.readouterr().err.endswith("lineup.html cannot be written: No space left on device.\n")


def command(out: Path, *more: str) -> list[str]:
    services = "aiohttp:workers=1"
    short = ("--repeats", "1", "--seconds", "0.5", "--out", str(out))
    return [str(SCRIPT), "lineup", "--services", services, *short, *more]


@pytest.mark.slow
def test_lineup_measures_and_its_page_is_drawn_again_from_its_files_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = command(tmp_path, "--cores", "shared")  # without calibrations, of which the next test has one
    ran = subprocess.run(shared, capture_output=True, text=True, check=False, timeout=120)
    found = kept(tmp_path)
    conclusive = not any(step.doubts for results in found.values() for step in results.steps)
    assert ran.stderr == ""
    assert ran.returncode == (0 if conclusive else 2)
    assert {way: [step.load for step in results.steps] for way, results in found.items()} == {
        way: list(known.loads) for way, known in WAYS.items()
    }
    for results in found.values():
        (known,) = results.contenders
        assert results.complete
        assert results.command == ["sync-vs-async", *shared[1:]]
        assert known.software.keys() == {"aiohttp"}
        assert known.adapter_lines
        assert all(step.measured and not step.measured.failures for step in results.steps)
    (page,) = (path for path in tmp_path.glob("*/lineup.html") if path.parent.name != "latest")
    before = page.read_bytes()
    page.unlink()
    with pytest.raises(SystemExit) as ended:
        main(["report", str(page.parent)])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(page)
    assert page.read_bytes() == before


@pytest.mark.slow
@at_best()
def test_ctrl_c_ends_lineup_and_leaves_nothing_running(tmp_path: Path) -> None:
    tmp_path = Path(mkdtemp(dir=tmp_path))
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with subprocess.Popen(
        command(tmp_path, "--seconds", "2"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("delay: aiohttp:workers=1, 1 user, repeat 1: ")
            started = started_in(environment)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, err) == (2, "")
    assert len(started) > 1
    assert living(started) == []
    results, *others = kept(tmp_path).values()
    if others or results.complete:
        raise TooLate("the first comparison had ended")
    assert "Scenario cpu was not measured." in out
    assert results.steps
    (known,) = results.contenders
    assert (known.calibration is not None) == halves().apart


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder with the three comparisons of a run."""
    assert run(tmp_path, Drawn()) == 0
    return (tmp_path / "latest").resolve()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--trace"], "--trace needs the results of compare, not of lineup or map."),
        (["--out", "{folder}"], "--out takes a file; '{folder}' is a folder."),
        (
            ["--out", "{folder}/cpu/results.json"],
            "{folder}/cpu/results.json would be overwritten; choose another --out.",
        ),
        (["{folder}"], "There is no file '{folder}/results.json'."),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(
    arguments: list[str], complaint: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder), *(each.format(folder=folder) for each in arguments)])
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"sync-vs-async: {complaint.format(folder=folder)}\n"
    assert before.err == ""
    assert not (folder / "lineup.html").exists()


def test_one_comparison_of_a_lineup_has_a_report_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder / CPU)])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(folder / CPU / "report.html")
