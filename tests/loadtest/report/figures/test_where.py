"""Tests of the picture of where async pays: its areas, lines, labels and dots."""

import re
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest

from loadtest.report.figures.picture import Picture
from loadtest.report.figures.theme import UNSURE
from loadtest.report.figures.where import BESIDE, CLOSE, STEPS, chart, of_pair, picture
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import rows
from loadtest.verdict.memory import Growth
from loadtest.verdict.points import Point, points
from loadtest.verdict.where import LONGEST, MOST, SHORTEST, Pair, Side, differing
from tests.loadtest.support.fabricated import results, step
from tests.loadtest.support.pages import records
from tests.loadtest.verdict.test_where import DEAR, LOOP, THREADS, calibrated, side

NAMES = ["flask-threads", "aiohttp"]
MEMORY = 4 * 2**30

FOUR_LINES = 420
"""Letters of four lines of a caption on a wide screen."""
PAIR = Pair(THREADS, LOOP)
NONE: list[tuple[Side, Growth | None]] = [(THREADS, None), (LOOP, None)]


def measured(**changes: Any) -> list[Point]:
    return points([results([step(name, users, **changes) for name in NAMES for users in (4, 400)])], NAMES)


def drawn(pair: Pair = PAIR, found: list[Point] | None = None, growth: Growth | None = None) -> list[dict[str, Any]]:
    return records(chart(pair, found or [], [(pair.first, None), (pair.second, growth)], MEMORY))


@pytest.fixture(scope="module")
def plain() -> list[dict[str, Any]]:
    """Return what is drawn of PAIR without measurements and without memory."""
    return drawn()


@pytest.fixture(scope="module")
def dotted() -> Picture:
    """Return the picture of PAIR with its measured points."""
    return of_pair(PAIR, measured(), NONE, MEMORY)


def areas(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in found if "times" in each]


def labels(found: list[dict[str, Any]]) -> dict[str, str]:
    return {each["text"]: each["side"] for each in found if "text" in each}


def at(found: list[dict[str, Any]], wait: float, flight: float) -> str:
    """Return the step that is seen at a place: of the areas that cover it, the last one."""
    covering: list[str] = [
        each["times"]
        for each in found
        if each["wait"] <= wait * 1000 < each["until"] and each["flight"] <= flight < each["top"]
    ]
    return covering[-1]


@pytest.mark.parametrize("pair", [PAIR, Pair(LOOP, THREADS), Pair(side("flask", DEAR), side("flask-gevent"))])
def test_each_place_has_the_colour_of_its_number_of_times(pair: Pair, plain: list[dict[str, Any]]) -> None:
    found = areas(plain if pair is PAIR else drawn(pair))
    for wait in (0.0015, 0.02, 0.3, 4.0):
        for flight in (1, 20, 300, 5000):
            words = at(found, wait, flight + 0.5)
            least, most = (float("inf"), 0.0)
            for near in (0.9 * wait, wait, 1.1 * wait):  # an area is as wide as a column
                for about in (max(1, round(0.9 * flight)), flight, round(1.1 * flight) + 1):
                    least, most = min(least, pair.times(near, about)), max(most, pair.times(near, about))
            place = [each for _, _, each in STEPS].index(words)
            ends = [each for each, _, _ in STEPS] + [float("inf")]
            assert ends[place] <= most
            assert least < ends[place + 1]


def test_the_areas_leave_no_gap_and_stay_in_the_chart(plain: list[dict[str, Any]]) -> None:
    found = areas(plain)
    assert min(each["wait"] for each in found) == pytest.approx(SHORTEST * 1000)
    assert max(each["until"] for each in found) == pytest.approx(LONGEST * 1000)
    columns = sorted({each["wait"] for each in found})
    for column in columns:
        parts = sorted((each["flight"], each["top"]) for each in found if each["wait"] == column)
        assert (parts[0][0], parts[-1][1]) == (1, MOST)
        assert all(top > below for (_, top), (below, _) in pairwise(parts))


def test_a_service_with_threads_runs_out_of_cpu_and_then_of_threads(plain: list[dict[str, Any]]) -> None:
    assert labels(plain) == {"CPU": "above", "32 threads": "above"}
    line = [each for each in plain if each.get("line") == "flask-threads: full"]
    assert [each["what"] for each in line if each["wait"] < THREADS.turn() * 999] == ["CPU"] * sum(
        each["wait"] < THREADS.turn() * 999 for each in line
    )
    assert line[-1]["flight"] == pytest.approx(32, rel=0.01)


def test_labels_that_would_be_on_each_other_are_on_both_sides_of_their_lines() -> None:
    near = Pair(side("flask-threads", DEAR), side("flask-threads", DEAR, threads=40))
    assert labels(drawn(near)) == {"CPU": "above", "32 threads": "above", "40 threads": "below"}
    far = Pair(side("flask-threads", DEAR), side("flask-threads", DEAR, threads=round(33 * CLOSE)))
    assert labels(drawn(far))[f"{round(33 * CLOSE)} threads"] == "above"
    assert {place for place, *_ in BESIDE} == {"above", "below", "right"}


def test_memory_is_a_line_if_it_runs_out_within_the_chart() -> None:
    assert "memory" in labels(drawn(growth=Growth(0, MEMORY / 5000)))
    assert "memory" not in labels(drawn(growth=Growth(0, MEMORY / 20_000)))


def test_a_dot_shows_what_was_measured_and_is_in_brackets_and_hollow_if_inconclusive() -> None:
    for found, texts in (
        (measured(), ["1.0 times", "6.2 times"]),
        (measured(doubts=["a doubt"]), ["(1.0 times)", "(6.2 times)"]),
    ):
        dots = {each["text"]: each["holds"] for each in drawn(found=found) if "ratio" in each}
        assert [*dots.items()] == [(text, not text.startswith("(")) for text in texts]


def run(*names: str, neighbours: float = 0.0) -> Results:
    times = replace(DEAR, neighbours=neighbours)
    return results([step(name, 1) for name in names]).model_copy(
        update={"contenders": [calibrated(name, times) for name in names]}
    )


def test_the_title_is_the_rule_and_the_caption_explains_what_is_drawn(dotted: Picture) -> None:
    assert dotted.title.startswith(
        "Under about 12 ms of wait aiohttp gains what its cheaper handler saves, 4.0 times with a wait of 1 ms, "
    )
    assert "Dot: the number of times that was measured." in dotted.caption
    assert UNSURE not in dotted.caption
    assert UNSURE in of_pair(PAIR, measured(doubts=["a doubt"]), NONE, MEMORY).caption
    assert "Dot" not in of_pair(PAIR, [], NONE, MEMORY).caption


def test_the_table_has_the_measured_points_and_the_predictions_at_the_ticks(dotted: Picture) -> None:
    head, *_ = (table := dotted.table).head
    assert head == "wait"
    few, many = (row[:2] + row[3:5] for row in table.rows[:2])
    assert few == ["100ms", "4", "1.00", "1.00"]
    assert many == ["100ms", "400", "6.25", "1.00"]
    assert len(table.rows) == 2 + 5 * 5
    assert ["1.0 s", "1", "1.00", "not run", "", ""] in table.rows


def test_a_run_has_the_picture_if_a_blocking_and_a_non_blocking_service_were_calibrated() -> None:
    both, one = run(*NAMES), run("aiohttp")
    assert differing(both)
    shown = picture(both, rows(both))
    assert shown
    assert shown.name == "map"
    told = shown.table.caption
    assert told.startswith("With a wait of 100 ms and 1 request in flight aiohttp serves 1.0 times as many")
    assert "Memory: flask-threads: unknown, its memory hardly grew" in told
    assert "At 1 of 1 measured point the number of times is within 10% of its prediction" in shown.caption
    assert "CPU time of a request as calibrated under full load" in shown.caption
    assert len(shown.caption) < FOUR_LINES
    assert picture(one, rows(one)) is None


def test_a_calibration_that_cannot_be_trusted_is_not_drawn() -> None:
    disturbed = run(*NAMES, neighbours=0.3)
    assert differing(disturbed)
    assert picture(disturbed, rows(disturbed)) is None


def test_every_colour_of_the_steps_has_one_for_the_dark_page() -> None:
    style = (files("loadtest.report") / "report.css").read_text(encoding="utf-8")
    for _, shade, _ in STEPS:
        (variable,) = re.findall(rf'\[fill="{shade}"\] {{ fill: var\((--[a-z-]+)\); }}', style)
        light, dark = re.findall(rf"^ +{variable}: (#[0-9a-f]{{6}});$", style, re.MULTILINE)
        assert light == shade
        assert dark != light
