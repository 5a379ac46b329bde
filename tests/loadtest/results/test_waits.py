"""Tests of the files of a map."""

from pathlib import Path

import pytest

from loadtest.measure.calibration import DELAY
from loadtest.results.schema import write
from loadtest.results.suite import is_lineup, save_all
from loadtest.results.waits import POINTS, is_map, load_map, options
from tests.loadtest.support.fabricated import lineup_of, results, step

RUNS = {name: results([step("flask", 1), step("aiohttp", 1)]) for name in POINTS}


def test_no_wait_is_that_of_the_calibration() -> None:
    waits = [options(name, "delay", 1.0, 1).wait for name in POINTS]
    assert min(waits[0], DELAY) not in waits


def test_there_are_twelve_points_with_different_numbers_of_users() -> None:
    asked = [options(name, "delay", 1.0, 1).loads for name in POINTS]
    assert sum(len({load.amount for load in loads}) for loads in asked) == 12
    assert all(load.amount > 1 for loads in asked for load in loads)


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    folder = save_all(RUNS, tmp_path / "now")
    assert is_map(folder)
    assert not is_lineup(folder)
    assert load_map(folder) == RUNS


def test_a_map_that_was_interrupted_has_fewer_waits(tmp_path: Path) -> None:
    some = dict(list(RUNS.items())[:2])
    assert load_map(save_all(some, tmp_path / "now")) == some


def test_a_line_up_or_a_run_is_no_map(tmp_path: Path) -> None:
    assert not is_map(save_all(lineup_of(("aiohttp",)), tmp_path / "lineup"))
    write(results([step("aiohttp", 1)]), tmp_path / "run")
    assert not is_map(tmp_path / "run")
    assert not is_map(tmp_path / "nowhere")


def test_comparisons_of_different_services_are_no_map(tmp_path: Path) -> None:
    folder = save_all({**RUNS, "3ms": results([step("aiohttp", 1)])}, tmp_path / "now")
    with pytest.raises(ValueError, match="has other services or another scenario than the rest of the map") as refusal:
        load_map(folder)
    assert str(refusal.value).startswith(f"{folder / '3ms'}/")
