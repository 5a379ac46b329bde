import os
from pathlib import Path

import pytest

from loadtest.results.schema import FILE, save, write
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS, is_lineup, load_all, options, save_all
from loadtest.workload.closed import Closed
from loadtest.workload.scenarios import SCENARIOS, longest
from tests.loadtest.support.fabricated import lineup_of, results, step

TWO = ("flask", "aiohttp")

RUNS = lineup_of(TWO)


def test_the_wait_stands_beside_both_controls() -> None:
    assert list(WAYS) == [DELAY, CPU, HEALTHZ]
    assert {name: way.loads for name, way in WAYS.items()} == {
        DELAY: (Closed(1), Closed(40), Closed(200)),
        CPU: (Closed(8),),
        HEALTHZ: (Closed(32, think=0.05),),
    }
    assert WAYS.keys() <= SCENARIOS.keys()


@pytest.mark.parametrize(
    ("name", "wait", "think", "seconds"), [(DELAY, 0.25, 0.0, 2.0), (CPU, 0.02, 0.0, 4.0), (HEALTHZ, 0.05, 0.05, 4.0)]
)
def test_each_is_a_comparison_of_its_own(name: str, wait: float, think: float, seconds: float) -> None:
    asked = options(name, 2.0, 3)
    assert (asked.scenario, asked.loads, asked.repeats) == (name, list(WAYS[name].loads), 3)
    assert (asked.wait, {load.conditions["think"] for load in asked.loads}, asked.seconds) == (wait, {think}, seconds)
    assert asked.wait <= longest(name)


def test_what_is_saved_is_what_is_loaded_and_latest_points_to_the_whole(tmp_path: Path) -> None:
    save_all(RUNS, tmp_path / "now")
    assert load_all(tmp_path / "now") == RUNS
    assert os.readlink(tmp_path / "latest") == "now"
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("now/**/*") if path.is_file()) == [
        f"now/{name}/{FILE}" for name in sorted(WAYS)
    ]
    assert load_all(tmp_path / "latest") == RUNS


def test_of_an_interrupted_run_there_may_be_fewer(tmp_path: Path) -> None:
    save_all({DELAY: RUNS[DELAY]}, tmp_path / "now")
    assert is_lineup(tmp_path / "now")
    assert load_all(tmp_path / "now") == {DELAY: RUNS[DELAY]}


def test_the_folder_of_a_comparison_or_of_nothing_is_no_line_up(tmp_path: Path) -> None:
    save(RUNS[DELAY], tmp_path / "run")
    assert not is_lineup(tmp_path / "run")
    assert not is_lineup(tmp_path)
    assert not is_lineup(tmp_path / "nothing")
    assert not is_lineup(tmp_path / "run" / FILE)


def test_a_run_of_something_else_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = write(results([step("flask", 1, scenario="query")], scenario="query"), tmp_path / DELAY)
    with pytest.raises(ValueError, match="is a run of") as refusal:
        load_all(tmp_path)
    assert str(refusal.value) == f"{path} is a run of query, not of delay."


def test_a_file_that_is_no_results_file_is_refused(tmp_path: Path) -> None:
    save_all(RUNS, tmp_path / "now")
    (tmp_path / "now" / CPU / FILE).write_text("{}")
    with pytest.raises(ValueError, match=f"{CPU}/{FILE} is not a results file"):
        load_all(tmp_path / "now")
