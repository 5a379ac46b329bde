"""Tests of the measured points of a map."""

from typing import Any

import pytest

from loadtest.results.schema import Step
from loadtest.verdict.points import kept, points
from tests.loadtest.support.fabricated import WAIT, results, step

NAMES = ["flask-threads", "aiohttp"]


def slowed(service: str, users: int, ratio: float, **changes: Any) -> Step:
    """Return a step with `ratio` times the predicted throughput."""
    model = step(service, users).predicted
    assert model
    return step(service, users, model.response / ratio, **changes)


def test_a_point_divides_the_second_throughput_by_the_first() -> None:
    run = results([slowed("flask-threads", 400, 1.0), slowed("aiohttp", 400, 0.8)])
    (point,) = points([run], NAMES)
    assert (point.wait, point.users, point.delay) == (WAIT, 400, "100ms")
    assert point.predicted == pytest.approx(400 / 64)
    assert point.measured == pytest.approx(0.8 * 400 / 64, rel=0.01)
    assert point.ratio == pytest.approx(0.8, rel=0.01)
    assert point.bound == "flask-threads: slots; aiohttp: users"


def test_a_step_of_one_service_alone_or_of_users_who_think_is_no_point() -> None:
    assert points([results([step("aiohttp", 10)])], NAMES) == []
    assert points([results([step(name, 10, think=1.0) for name in NAMES])], NAMES) == []


def test_points_are_counted_if_they_are_conclusive_and_as_predicted_and_so_are_their_steps() -> None:
    run = results(
        [
            *(slowed("flask-threads", users, 0.85 if users == 2 else 1.0) for users in (1, 2, 4, 8)),
            *(slowed("aiohttp", users, 0.85 if users <= 2 else 1.0) for users in (1, 2, 4)),
            slowed("aiohttp", 8, 1.0, doubts=["a doubt"]),
        ]
    )
    assert kept(points([run], NAMES)) == (
        "At 2 of 4 measured points the number of times is within 10% of its prediction; throughput itself in 4 of 8 "
        "steps. 1 point is inconclusive, and not among them."
    )
    assert kept([]).startswith("At 0 of 0 measured points")
