"""Tests of the command `map`: what it refuses, and the files, the page and the status of a fabricated run."""

from pathlib import Path
from typing import Any

import pytest

from backing.environment import Backing
from loadtest.cli.main import main
from loadtest.cli.map import OUTCOME
from loadtest.cli.run import run_all
from loadtest.cli.telling import Telling
from loadtest.contenders.cores import Cores
from loadtest.contenders.service import lineup
from loadtest.measure.comparison import NOTHING, Comparison, Progress
from loadtest.measure.contender import contender
from loadtest.results.schema import Results
from loadtest.results.waits import POINTS, load_map, options
from tests.loadtest.support.fabricated import calibration, step

NAMES = ("flask-threads", "aiohttp")
DISTURBED = calibration(neighbours=0.5)
APART = Cores((0,), (1,))


class Fabricated(Comparison):
    """A comparison of a map whose steps finish at once, as they were predicted before the calibration."""

    def __init__(self, wait: str, ends: BaseException | None = None, **changes: Any) -> None:
        self._asked = options(wait, "delay", 1.0, 1)
        super().__init__([lineup(1)[name] for name in NAMES], self._asked, ["sync-vs-async", "map"], APART)
        self._ends, self._changes = ends, changes

    def run(self, progress: Progress, behind: Backing = NOTHING) -> None:
        assert behind == NOTHING
        for service in (lineup(1)[name] for name in NAMES):
            self._contenders[service.name] = contender(service, self._asked, calibration())
            for load in self._asked.loads:
                done = step(service.name, load.most_in_flight, **self._changes)
                self.steps.append(done)
                progress.ended(done)
        if self._ends:
            raise self._ends


def run(out: Path, **others: Fabricated) -> int:
    comparisons = {wait: others.get(wait, Fabricated(wait)) for wait in POINTS}
    return run_all(comparisons, out, Telling(details=True, as_json=False), OUTCOME, opened=False)


def kept(out: Path) -> dict[str, Results]:
    return load_map(out / "latest")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--services flask", "A map takes two services; got 1."),
        ("--services flask,aiohttp,django", "A map takes two services; got 3."),
        ("--services flask,flask", "Each service can be compared once; got flask, flask."),
        (
            "--cores shared",
            "A map needs the CPU time of a request, which can only be calibrated if the services have cores of their "
            "own: at least two cores, and not --cores shared.",
        ),
        ("--scenario cpu", "Invalid value for '--scenario': 'cpu' is not one of "),
        ("--scenario fanout", "Invalid value for '--scenario': 'fanout' is not one of "),
        ("--repeats 0", "--repeats takes a whole number from 1 to 20; got 0."),
    ],
)
def test_a_mistake_is_refused_before_anything_runs(
    arguments: str, complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.cli.map.run_all", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(SystemExit) as ended:
        main(["map", *arguments.split()])
    assert ended.value.code == 1
    assert complaint in capsys.readouterr().err


def test_the_comparisons_share_the_calibration_of_the_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found: dict[str, Comparison] = {}

    def recorded(comparisons: dict[str, Comparison], *_: object, **__: object) -> int:
        found.update(comparisons)
        return 0

    monkeypatch.setattr("loadtest.cli.map.run_all", recorded)
    monkeypatch.setattr("loadtest.contenders.cores.usable", lambda: {0, 1})
    monkeypatch.setattr("loadtest.contenders.cores.usable_cores", lambda: 2.0)
    with pytest.raises(SystemExit) as ended:
        main(["map", "--cores", "service=0,others=1", "--out", str(tmp_path)])
    assert ended.value.code == 0
    first, *others = found.values()
    assert [*found] == [*POINTS]
    assert first.seconds > max(each.seconds for each in others)  # it alone calibrates
    assert sum(each.seconds for each in found.values()) < 120


def test_a_map_is_written_printed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 0
    (folder,) = (path for path in tmp_path.iterdir() if path.name != "latest")
    assert [*kept(tmp_path)] == [*POINTS]
    said = capsys.readouterr().out
    assert "How many times the throughput of flask-threads aiohttp has" in said
    assert "measured points the number of times is within 10%" in " ".join(said.split())
    assert said.rstrip().endswith(f"\n{folder}/map.html")
    assert "where aiohttp pays, compared with flask-threads: delay" in (folder / "map.html").read_text()
    (folder / "map.html").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder)])
    assert ended.value.code == 0
    assert (folder / "map.html").is_file()


def test_an_inconclusive_step_is_told_by_the_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, **{"3ms": Fabricated("3ms", doubts=["a doubt"])}) == 2
    assert "3 points are inconclusive, and not among them." in " ".join(capsys.readouterr().out.split())


def test_an_interrupted_map_keeps_what_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, **{"50ms": Fabricated("50ms", KeyboardInterrupt())}) == 2
    assert {wait: results.complete for wait, results in kept(tmp_path).items()} == {"200ms": True, "50ms": False}
    said = " ".join(capsys.readouterr().out.split())
    assert "With waits of 3ms and 12ms nothing was measured." in said
    assert "With a wait of 50ms the run was interrupted." in said
    assert "To draw the report: sync-vs-async report " in said


def test_the_results_of_a_map_have_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["report", "--trace", str(tmp_path / "latest")])
    assert ended.value.code == 1
    assert "--trace needs the results of compare, not of lineup or map." in capsys.readouterr().err


def test_a_disturbed_calibration_is_not_drawn_and_concludes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.calibration", lambda: DISTURBED)
    run(tmp_path)
    said = " ".join(capsys.readouterr().out.split())
    told = "No map can be drawn: other processes took 50% of the cores during the calibration."
    assert told in said
    assert "gains" not in said
    page = (tmp_path / "latest" / "map.html").read_text()
    assert told.rstrip(".") in page
    assert 'class="picture"' not in page
