"""Tests of the labels of knees."""

import pytest

from loadtest.report.figures.knees import Knee, labels


def across(users: float) -> float:
    """Return the place on an axis from 0 to 100 users."""
    return users / 100


@pytest.mark.parametrize(
    ("knees", "expected"),
    [
        ([], []),
        ([Knee("flask", 5, 50)], [("flask: knee 5", 0)]),
        ([Knee("flask", 5, 50), Knee("django", 95, 50)], [("django: knee 95", 0), ("flask: knee 5", 0)]),
        ([Knee("flask", 5, 50), Knee("django", 40, 50)], [("django: knee 40", 0), ("flask: knee 5", 1)]),
        ([Knee("flask", 40, 50), Knee("django", 40, 50)], [("flask, django: knee 40", 0)]),
        ([Knee("flask", 40, 50), Knee("django", 42, 50)], [("flask, django: knee 40 to 42", 0)]),
        (
            [Knee("flask", 40, 50), Knee("django", 40, 50, "deadlock above")],
            [("django: deadlock above 40", 0), ("flask: knee 40", 1)],
        ),
        ([Knee("flask-threads:threads=64", 95, 50)], [("knee 95", 0)]),
        (
            [Knee("a", 5, 1), Knee("b", 15, 1), Knee("c", 25, 1)],
            [("c: knee 25", 0), ("b: knee 15", 1), ("a: knee 5", 2)],
        ),
    ],
    ids=["none", "one", "far apart", "in the way", "equal", "close", "of two kinds", "no room for names", "stairs"],
)
def test_a_label_says_whose_knee_it_is_and_is_above_those_that_it_would_cover(
    knees: list[Knee], expected: list[tuple[str, int]]
) -> None:
    assert [(label.text, label.row) for label in labels(knees, across)] == expected
