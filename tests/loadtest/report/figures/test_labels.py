"""Tests of the labels at the ends of lines."""

from itertools import pairwise

import pytest

from loadtest.report.figures.labels import LONGEST, WIDEST, apart, lines


@pytest.mark.parametrize(
    ("wanted", "heights", "expected"),
    [
        ([], [], []),
        ([50], [10], [50]),
        ([80, 20], [10, 10], [80, 20]),
        ([50, 50], [10, 10], [45, 55]),
        ([50, 50, 50], [10, 30, 10], [30, 50, 70]),
        ([50, 53, 90], [10, 10, 10], [46.5, 56.5, 90]),
        ([0, 100], [10, 20], [5, 90]),
        ([100, 100], [10, 10], [85, 95]),
    ],
    ids=["none", "one", "any order", "equal", "tall", "close", "both edges", "equal at the edge"],
)
def test_labels_move_no_further_than_needed(wanted: list[float], heights: list[float], expected: list[float]) -> None:
    assert apart(wanted, heights, 0, 100) == pytest.approx(expected)


def test_labels_never_overlap_and_keep_their_order() -> None:
    for number in (2, 5, 11):
        for step in (0.0, 3.0, 14.0, 40.0):
            wanted = [100 + step * place for place in range(number)]
            heights = [15.0 + 15 * (place % 3) for place in range(number)]
            found = apart(wanted, heights, 0, 1000)
            tops = [middle - height / 2 for middle, height in zip(found, heights, strict=True)]
            ends = [middle + height / 2 for middle, height in zip(found, heights, strict=True)]
            assert all(end <= top + 1e-9 for (end, _), (_, top) in pairwise(zip(ends, tops, strict=True)))
            assert min(tops) >= 0
            assert max(ends) <= 1000


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("flask", ["flask"]),
        ("flask-threads:threads=200", ["flask-threads:", "threads=200"]),
        ("(aiohttp:workers=1,pool-size=40)", ["(aiohttp:", "workers=1,", "pool-size=40)"]),
        ("", [""]),
    ],
)
def test_the_settings_of_a_service_have_lines_of_their_own(name: str, expected: list[str]) -> None:
    assert lines(name) == expected


def test_a_label_is_cut_where_it_would_leave_no_room_for_the_chart() -> None:
    for name in ("x" * 300, "a service with a very long name that has " + "many words " * 20, "flask:" + "a=1," * 40):
        found = lines(name)
        assert len(found) == LONGEST
        assert max(map(len, found)) <= WIDEST
        assert found[-1].endswith("…")
