from itertools import product
from math import inf

import pytest

from loadtest.workload.closed import DEADLOCK, SLOTS, USERS, Limit, Load, Prediction, knee, missing, predict

POOL = "database pool"


def slots(count: int, wait: float, think: float = 0.0) -> Load:
    """A wait on a service that has so many slots, and nothing else that ends."""
    return Load(wait, think, (Limit(SLOTS, count, wait),))


def pooled(count: int, connections: int, wait: float = 0.1) -> Load:
    """A wait that holds a slot and a connection."""
    return Load(wait, limits=(Limit(SLOTS, count, wait), Limit(POOL, connections, wait)))


def asking(count: int, patience: float = 1.0) -> Load:
    """A wait of 0.1 s for another request, which needs one of the slots too."""
    return Load(0.1, limits=(Limit(SLOTS, count, 0.1),), patience=patience)


def check(got: Prediction, expected: Prediction) -> None:
    assert got.throughput == pytest.approx(expected.throughput)
    assert got.response == pytest.approx(expected.response)
    assert got.bound == expected.bound


@pytest.mark.parametrize(
    ("users", "load", "expected"),
    [
        (1, slots(5, 0.1), Prediction(10, 0.1, USERS)),
        (1, slots(1, 0.1), Prediction(10, 0.1, USERS)),
        (1, Load(0.1), Prediction(10, 0.1, USERS)),
        (5, slots(5, 0.1), Prediction(50, 0.1, USERS)),
        (64, slots(64, 0.2), Prediction(320, 0.2, USERS)),
        (6, slots(5, 0.1), Prediction(50, 0.12, SLOTS)),
        (400, slots(64, 0.2), Prediction(320, 1.25, SLOTS)),
        (200, slots(2, 0.2), Prediction(10, 20, SLOTS)),
        (400, Load(0.1), Prediction(4000, 0.1, USERS)),
        (10_000, Load(0.1), Prediction(100_000, 0.1, USERS)),
        (1, slots(1, 0.1, think=0.9), Prediction(1, 0.1, USERS)),
        (10, slots(1, 0.1, think=0.9), Prediction(10, 0.1, USERS)),
        (20, slots(1, 0.1, think=0.9), Prediction(10, 1.1, SLOTS)),
        (20, Load(0.1, think=0.9), Prediction(20, 0.1, USERS)),
        (40, slots(5, 0.1, think=0.7), Prediction(50, 0.1, USERS)),  # 50.00000000000001 a second against 50
    ],
)
def test_throughput_is_bound_by_the_users_until_it_is_bound_by_the_slots(
    users: int, load: Load, expected: Prediction
) -> None:
    check(predict(users, load), expected)


@pytest.mark.parametrize(
    ("users", "load", "expected"),
    [
        (10, pooled(64, 10), Prediction(100, 0.1, USERS)),
        (11, pooled(64, 10), Prediction(100, 0.11, POOL)),
        (400, pooled(64, 10), Prediction(100, 4, POOL)),
        (400, pooled(10, 64), Prediction(100, 4, SLOTS)),
        (10, pooled(10, 10), Prediction(100, 0.1, USERS)),
        (11, pooled(10, 10), Prediction(100, 0.11, SLOTS)),  # of two that are as tight, the first that is asked for
        (5, pooled(4, 3), Prediction(30, 5 / 30, POOL)),
        (5, pooled(3, 4), Prediction(30, 5 / 30, SLOTS)),
        # a request that holds its connection for a third of its wait leaves it to two others
        (30, Load(0.3, limits=(Limit(POOL, 10, 0.1),)), Prediction(100, 0.3, USERS)),
        (31, Load(0.3, limits=(Limit(POOL, 10, 0.1),)), Prediction(100, 0.31, POOL)),
        (100, Load(0.1, 0.9, (Limit(SLOTS, 64, 0.1), Limit(POOL, 10, 0.1))), Prediction(100, 0.1, USERS)),
        (200, Load(0.1, 0.9, (Limit(SLOTS, 64, 0.1), Limit(POOL, 10, 0.1))), Prediction(100, 1.1, POOL)),
    ],
)
def test_of_several_limits_the_tightest_binds(users: int, load: Load, expected: Prediction) -> None:
    check(predict(users, load), expected)


@pytest.mark.parametrize(("users", "slots"), list(product((1, 9, 10, 11, 50, 200, 400, 10_000), (5, 10, 64, 10_000))))
def test_a_pool_of_ten_and_a_query_of_100_ms_let_no_more_than_100_a_second_through(users: int, slots: int) -> None:
    got = predict(users, pooled(slots, 10))
    assert got.throughput <= 100
    assert got.throughput == pytest.approx(min(10 * users, 10 * slots, 100))


@pytest.mark.parametrize(
    ("load", "users"),
    [
        (slots(1, 0.1), 1),
        (slots(5, 0.1), 5),
        (slots(64, 2.0), 64),
        (slots(5, 0.1, think=0.9), 50),
        (slots(64, 0.2, think=0.2), 128),
        (Load(0.1), inf),
        (Load(0.1, think=0.9), inf),
        (pooled(64, 10), 10),
        (pooled(5, 10), 5),
        (pooled(10, 10), 10),
        (Load(0.3, limits=(Limit(SLOTS, 64, 0.3), Limit(POOL, 10, 0.1))), 30),
        (Load(0.3, 0.3, (Limit(SLOTS, 64, 0.3), Limit(POOL, 10, 0.1))), 60),
    ],
)
def test_the_knee_is_where_all_of_the_tightest_limit_is_taken(load: Load, users: float) -> None:
    assert knee(load) == pytest.approx(users)


@pytest.mark.parametrize(
    ("wait", "think", "count", "connections"),
    list(product((0.05, 0.1, 0.2, 1.0), (0.0, 0.1, 0.5), (1, 2, 5, 64), (1, 7, 10))),
)
def test_users_queue_beyond_the_knee_and_not_before(wait: float, think: float, count: int, connections: int) -> None:
    load = Load(wait, think, (Limit(SLOTS, count, wait), Limit(POOL, connections, wait)))
    most = int(round(knee(load), 6))
    assert most == int(round(min(count, connections) * (wait + think) / wait, 6))
    assert not predict(most, load).saturated
    assert predict(most + 1, load).saturated


@pytest.mark.parametrize(
    ("users", "load", "expected"),
    [
        (1, asking(5), Prediction(10, 0.1, USERS)),
        (4, asking(5), Prediction(40, 0.1, USERS)),
        (5, asking(5), Prediction(0, 1.0, DEADLOCK)),
        (6, asking(5), Prediction(0, 1.2, DEADLOCK)),
        (20, asking(5), Prediction(0, 4.0, DEADLOCK)),
        (20, asking(5, patience=2.5), Prediction(0, 10.0, DEADLOCK)),
        (1, asking(1), Prediction(0, 1.0, DEADLOCK)),
        (63, asking(64), Prediction(630, 0.1, USERS)),
        (64, asking(64), Prediction(0, 1.0, DEADLOCK)),
    ],
)
def test_from_as_many_askers_as_slots_on_no_answer_comes_in(users: int, load: Load, expected: Prediction) -> None:
    check(predict(users, load), expected)
    assert predict(users, load).saturated == (expected.bound == DEADLOCK)


@pytest.mark.parametrize(
    "load",
    [
        Load(0.1, patience=1.0),  # without slots, nobody holds what the answer needs
        Load(0.1, limits=(Limit(POOL, 1000, 0.1),), patience=1.0),
        slots(400, 0.1),  # whose requests need no other
    ],
)
def test_there_is_no_deadlock_but_of_askers_on_slots(load: Load) -> None:
    check(predict(400, load), Prediction(4000, 0.1, USERS))


@pytest.mark.parametrize(
    ("users", "wait", "think", "count"),
    list(product((1, 5, 64, 400, 10_000), (0.001, 0.1, 10.0), (0.0, 0.3, 60.0), (1, 5, 64, None))),
)
def test_every_prediction_obeys_littles_law(users: int, wait: float, think: float, count: int | None) -> None:
    load = Load(wait, think) if count is None else slots(count, wait, think)
    got = predict(users, load)
    assert missing(users, got.throughput, got.response, think) == pytest.approx(0, abs=1e-6)
    assert got.response >= wait * (1 - 1e-9)


@pytest.mark.parametrize(("users", "count"), [(5, 5), (6, 5), (400, 5), (64, 64)])
def test_users_who_give_up_obey_littles_law_too(users: int, count: int) -> None:
    got = predict(users, asking(count, patience=3.0))
    assert missing(users, count / 3.0, got.response, 0.0) == pytest.approx(0)


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
