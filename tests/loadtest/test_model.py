from itertools import product
from math import inf

import pytest

from loadtest.model import Load, Prediction, knee, missing, predict


@pytest.mark.parametrize(
    ("users", "load", "slots", "expected"),
    [
        (1, Load(0.1), 5, Prediction(10, 0.1, saturated=False)),
        (1, Load(0.1), 1, Prediction(10, 0.1, saturated=False)),
        (1, Load(0.1), None, Prediction(10, 0.1, saturated=False)),
        (5, Load(0.1), 5, Prediction(50, 0.1, saturated=False)),
        (64, Load(0.2), 64, Prediction(320, 0.2, saturated=False)),
        (6, Load(0.1), 5, Prediction(50, 0.12, saturated=True)),
        (400, Load(0.2), 64, Prediction(320, 1.25, saturated=True)),
        (200, Load(0.2), 2, Prediction(10, 20, saturated=True)),
        (400, Load(0.1), None, Prediction(4000, 0.1, saturated=False)),
        (10_000, Load(0.1), None, Prediction(100_000, 0.1, saturated=False)),
        (1, Load(0.1, think=0.9), 1, Prediction(1, 0.1, saturated=False)),
        (10, Load(0.1, think=0.9), 1, Prediction(10, 0.1, saturated=False)),
        (20, Load(0.1, think=0.9), 1, Prediction(10, 1.1, saturated=True)),
        (20, Load(0.1, think=0.9), None, Prediction(20, 0.1, saturated=False)),
    ],
)
def test_throughput_is_bound_by_the_users_until_it_is_bound_by_the_slots(
    users: int, load: Load, slots: int | None, expected: Prediction
) -> None:
    got = predict(users, load, slots)
    assert got.throughput == pytest.approx(expected.throughput)
    assert got.response == pytest.approx(expected.response)
    assert got.saturated == expected.saturated


@pytest.mark.parametrize(
    ("load", "slots", "users"),
    [
        (Load(0.1), 1, 1),
        (Load(0.1), 5, 5),
        (Load(2.0), 64, 64),
        (Load(0.1, think=0.9), 5, 50),
        (Load(0.2, think=0.2), 64, 128),
        (Load(0.1), None, inf),
        (Load(0.1, think=0.9), None, inf),
    ],
)
def test_the_knee_is_where_the_slots_are_taken(load: Load, slots: int | None, users: float) -> None:
    assert knee(load, slots) == pytest.approx(users)


@pytest.mark.parametrize(
    ("wait", "think", "slots"), list(product((0.05, 0.1, 0.2, 1.0), (0.0, 0.1, 0.5), (1, 2, 5, 64)))
)
def test_users_queue_beyond_the_knee_and_not_before(wait: float, think: float, slots: int) -> None:
    load = Load(wait, think)
    most = round(knee(load, slots), 6) // 1
    assert not predict(int(most), load, slots).saturated
    assert predict(int(most) + 1, load, slots).saturated


@pytest.mark.parametrize(
    ("users", "wait", "think", "slots"),
    list(product((1, 5, 64, 400, 10_000), (0.001, 0.1, 10.0), (0.0, 0.3, 60.0), (1, 5, 64, None))),
)
def test_every_prediction_obeys_littles_law(users: int, wait: float, think: float, slots: int | None) -> None:
    got = predict(users, Load(wait, think), slots)
    assert missing(users, got.throughput, got.response, think) == pytest.approx(0, abs=1e-6)
    assert got.response >= wait * (1 - 1e-9)


@pytest.mark.parametrize(
    ("users", "throughput", "response", "think", "lost"),
    [
        (10, 100, 0.1, 0.0, 0),
        (10, 50, 0.1, 0.0, 5),
        (10, 50, 0.1, 0.1, 0),
        (10, 200, 0.1, 0.0, -10),
        (200, 0, 0.0, 0.0, 200),
    ],
)
def test_users_that_littles_law_cannot_account_for_are_missing(
    users: int, throughput: float, response: float, think: float, lost: float
) -> None:
    assert missing(users, throughput, response, think) == pytest.approx(lost)
