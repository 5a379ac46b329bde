from itertools import pairwise, product
from math import inf

import pytest

from loadtest.workload.closed import Closed
from loadtest.workload.demand import CPU, DEADLOCK, GENERATOR, LOOPS, SLOTS, USERS, Demand, Limit, Prediction

POOL = "database pool"


def slots(count: int, wait: float) -> Demand:
    """Return the demand of a wait of `wait` seconds on a service with `count` slots and no other limit."""
    return Demand(wait, (Limit(SLOTS, count, wait),))


def pooled(count: int, connections: int, wait: float = 0.1) -> Demand:
    """Return the demand of a wait that holds a slot and a connection."""
    return Demand(wait, (Limit(SLOTS, count, wait), Limit(POOL, connections, wait)))


def asking(count: int, patience: float = 1.0) -> Demand:
    """Return the demand of a wait of 0.1 s for another request, which needs a slot too."""
    return Demand(0.1, (Limit(SLOTS, count, 0.1),), patience=patience)


def check(got: Prediction, expected: Prediction) -> None:
    assert got.throughput == pytest.approx(expected.throughput)
    assert got.response == pytest.approx(expected.response)
    assert got.bound == expected.bound


@pytest.mark.parametrize(
    ("load", "demand", "expected"),
    [
        (Closed(1), slots(5, 0.1), Prediction(10, 0.1, USERS)),
        (Closed(1), slots(1, 0.1), Prediction(10, 0.1, USERS)),
        (Closed(1), Demand(0.1), Prediction(10, 0.1, USERS)),
        (Closed(5), slots(5, 0.1), Prediction(50, 0.1, USERS)),
        (Closed(64), slots(64, 0.2), Prediction(320, 0.2, USERS)),
        (Closed(6), slots(5, 0.1), Prediction(50, 0.12, SLOTS)),
        (Closed(400), slots(64, 0.2), Prediction(320, 1.25, SLOTS)),
        (Closed(200), slots(2, 0.2), Prediction(10, 20, SLOTS)),
        (Closed(400), Demand(0.1), Prediction(4000, 0.1, USERS)),
        (Closed(10_000), Demand(0.1), Prediction(100_000, 0.1, USERS)),
        (Closed(1, 0.9), slots(1, 0.1), Prediction(1, 0.1, USERS)),
        (Closed(10, 0.9), slots(1, 0.1), Prediction(10, 0.1, USERS)),
        (Closed(20, 0.9), slots(1, 0.1), Prediction(10, 1.1, SLOTS)),
        (Closed(20, 0.9), Demand(0.1), Prediction(20, 0.1, USERS)),
        (Closed(40, 0.7), slots(5, 0.1), Prediction(50, 0.1, USERS)),  # 50.00000000000001/s against 50/s
    ],
)
def test_throughput_is_bound_by_the_users_until_it_is_bound_by_the_slots(
    load: Closed, demand: Demand, expected: Prediction
) -> None:
    check(load.predict(demand), expected)


@pytest.mark.parametrize(
    ("load", "demand", "expected"),
    [
        (Closed(10), pooled(64, 10), Prediction(100, 0.1, USERS)),
        (Closed(11), pooled(64, 10), Prediction(100, 0.11, POOL)),
        (Closed(400), pooled(64, 10), Prediction(100, 4, POOL)),
        (Closed(400), pooled(10, 64), Prediction(100, 4, SLOTS)),
        (Closed(10), pooled(10, 10), Prediction(100, 0.1, USERS)),
        (
            Closed(11),
            pooled(10, 10),
            Prediction(100, 0.11, SLOTS),
        ),  # of two equally tight limits, the first
        (Closed(5), pooled(4, 3), Prediction(30, 5 / 30, POOL)),
        (Closed(5), pooled(3, 4), Prediction(30, 5 / 30, SLOTS)),
        # a request that holds its connection for a third of its wait leaves it to two others
        (Closed(30), Demand(0.3, (Limit(POOL, 10, 0.1),)), Prediction(100, 0.3, USERS)),
        (Closed(31), Demand(0.3, (Limit(POOL, 10, 0.1),)), Prediction(100, 0.31, POOL)),
        (Closed(100, 0.9), Demand(0.1, (Limit(SLOTS, 64, 0.1), Limit(POOL, 10, 0.1))), Prediction(100, 0.1, USERS)),
        (Closed(200, 0.9), Demand(0.1, (Limit(SLOTS, 64, 0.1), Limit(POOL, 10, 0.1))), Prediction(100, 1.1, POOL)),
    ],
)
def test_of_several_limits_the_tightest_binds(load: Closed, demand: Demand, expected: Prediction) -> None:
    check(load.predict(demand), expected)


@pytest.mark.parametrize(("users", "slots"), list(product((1, 9, 10, 11, 50, 200, 400, 10_000), (5, 10, 64, 10_000))))
def test_a_pool_of_ten_and_a_query_of_100_ms_let_no_more_than_100_a_second_through(users: int, slots: int) -> None:
    got = Closed(users).predict(pooled(slots, 10))
    assert got.throughput <= 100
    assert got.throughput == pytest.approx(min(10 * users, 10 * slots, 100))


@pytest.mark.parametrize(
    ("think", "demand", "users"),
    [
        (0.0, slots(1, 0.1), 1),
        (0.0, slots(5, 0.1), 5),
        (0.0, slots(64, 2.0), 64),
        (0.9, slots(5, 0.1), 50),
        (0.2, slots(64, 0.2), 128),
        (0.0, Demand(0.1), inf),
        (0.9, Demand(0.1), inf),
        (0.0, pooled(64, 10), 10),
        (0.0, pooled(5, 10), 5),
        (0.0, pooled(10, 10), 10),
        (0.0, Demand(0.3, (Limit(SLOTS, 64, 0.3), Limit(POOL, 10, 0.1))), 30),
        (0.3, Demand(0.3, (Limit(SLOTS, 64, 0.3), Limit(POOL, 10, 0.1))), 60),
    ],
)
def test_the_knee_is_where_all_of_the_tightest_limit_is_taken(think: float, demand: Demand, users: float) -> None:
    assert Closed(1, think).knee(demand) == pytest.approx(users)


@pytest.mark.parametrize(
    ("wait", "think", "count", "connections"),
    list(product((0.05, 0.1, 0.2, 1.0), (0.0, 0.1, 0.5), (1, 2, 5, 64), (1, 7, 10))),
)
def test_users_queue_beyond_the_knee_and_not_before(wait: float, think: float, count: int, connections: int) -> None:
    demand = Demand(wait, (Limit(SLOTS, count, wait), Limit(POOL, connections, wait)))
    most = Closed(1, think).at_knee(demand)
    assert most is not None
    assert most.users == int(round(min(count, connections) * (wait + think) / wait, 6))
    assert not most.predict(demand).saturated
    assert Closed(most.users + 1, think).predict(demand).saturated


@pytest.mark.parametrize(
    ("load", "demand", "expected"),
    [
        (Closed(1), asking(5), Prediction(10, 0.1, USERS)),
        (Closed(4), asking(5), Prediction(40, 0.1, USERS)),
        (Closed(5), asking(5), Prediction(0, 1.0, DEADLOCK)),
        (Closed(6), asking(5), Prediction(0, 1.2, DEADLOCK)),
        (Closed(20), asking(5), Prediction(0, 4.0, DEADLOCK)),
        (Closed(20), asking(5, patience=2.5), Prediction(0, 10.0, DEADLOCK)),
        (Closed(1), asking(1), Prediction(0, 1.0, DEADLOCK)),
        (Closed(63), asking(64), Prediction(630, 0.1, USERS)),
        (Closed(64), asking(64), Prediction(0, 1.0, DEADLOCK)),
    ],
)
def test_from_as_many_askers_as_slots_on_no_answer_comes_in(load: Closed, demand: Demand, expected: Prediction) -> None:
    check(load.predict(demand), expected)
    assert load.predict(demand).saturated == (expected.bound == DEADLOCK)


@pytest.mark.parametrize(
    "demand",
    [
        Demand(0.1, patience=1.0),  # without slots, the answer needs nothing that waiting requests hold
        Demand(0.1, (Limit(POOL, 1000, 0.1),), patience=1.0),
        slots(400, 0.1),  # requests that wait for no other request
    ],
)
def test_there_is_no_deadlock_but_of_askers_on_slots(demand: Demand) -> None:
    check(Closed(400).predict(demand), Prediction(4000, 0.1, USERS))


@pytest.mark.parametrize(
    ("users", "wait", "think", "count"),
    list(product((1, 5, 64, 400, 10_000), (0.001, 0.1, 10.0), (0.0, 0.3, 60.0), (1, 5, 64, None))),
)
def test_every_prediction_obeys_littles_law(users: int, wait: float, think: float, count: int | None) -> None:
    load = Closed(users, think)
    got = load.predict(Demand(wait) if count is None else slots(count, wait))
    assert load.missing(got.throughput, got.response) == pytest.approx(0, abs=1e-6)
    assert got.response >= wait * (1 - 1e-9)


@pytest.mark.parametrize(("users", "count"), [(5, 5), (6, 5), (400, 5), (64, 64)])
def test_those_who_give_up_obey_it_too(users: int, count: int) -> None:
    got = Closed(users).predict(asking(count, patience=3.0))
    assert Closed(users).missing(count / 3.0, got.response) == pytest.approx(0)


def calibrated(
    wait: float = 0.01,
    cpu: float = 0.001,
    beside: float = 0.0,
    transit: float = 0.0,
    *limits: Limit,
    processors: int = 1,
) -> Demand:
    """Return a calibrated demand: `cpu` seconds of CPU time on one of `processors` processors, besides the wait."""
    known = (*limits, Limit(CPU, processors, cpu))
    return Demand(wait, known, transit=transit, beside=beside, calibrated=True)


@pytest.mark.parametrize(
    ("load", "demand", "expected"),
    [
        # the wait, the work and the way, and nobody to queue behind
        (Closed(1), calibrated(0.01, 0.001, 0.0002, 0.0005), Prediction(1 / 0.0115, 0.0115, USERS)),
        (Closed(1, 0.1), calibrated(0.01, 0.001, 0.0002, 0.0005), Prediction(1 / 0.1115, 0.0115, USERS)),
        # the second waits for half of the work of the first, one time in eleven and a bit of the way
        (Closed(2), calibrated(), Prediction(2 / (0.011 + 0.0005 / 11), 0.011 + 0.0005 / 11, USERS)),
        (Closed(100), calibrated(), Prediction(1000, 0.1, CPU)),
        (Closed(100), calibrated(processors=2), Prediction(2000, 0.05, CPU)),
        (Closed(100, 0.05), calibrated(), Prediction(1000, 0.05, CPU)),
        (Closed(100), calibrated(beside=0.002, transit=0.002), Prediction(500, 0.2, GENERATOR)),
        (Closed(100), calibrated(beside=0.0002, transit=0.0002), Prediction(1000, 0.1, CPU)),
        # a control that computes, and one that does nothing
        (Closed(1), calibrated(0.0, 0.1), Prediction(10, 0.1, USERS)),
        (Closed(2), calibrated(0.0, 0.1), Prediction(10, 0.2, CPU)),
        (Closed(100), calibrated(0.0, 0.0003), Prediction(1 / 0.0003, 0.03, CPU)),
        # nothing of the CPU's is tighter than a pool
        (Closed(100), calibrated(0.01, 0.001, 0.0, 0.0, Limit(POOL, 5, 0.01)), Prediction(500, 0.2, POOL)),
        # one event loop that a request holds for its wait and its work
        (Closed(100), calibrated(0.01, 0.001, 0.0, 0.0, Limit(LOOPS, 1, 0.011)), Prediction(1 / 0.011, 1.1, LOOPS)),
    ],
)
def test_throughput_is_also_bound_by_the_cpu_and_by_the_load_generator(
    load: Closed, demand: Demand, expected: Prediction
) -> None:
    check(load.predict(demand), expected)


def test_where_every_slot_is_taken_their_requests_still_queue_for_the_cpu() -> None:
    slots_alone = Limit(SLOTS, 8, 0.011)
    got = Closed(100).predict(calibrated(0.01, 0.001, 0.0, 0.0, slots_alone))
    assert got.bound == SLOTS
    assert got.throughput < 0.99 * slots_alone.throughput
    # as many users as slots, who queue for nothing else, are answered as fast
    assert got.throughput == pytest.approx(Closed(8).predict(calibrated()).throughput)


def test_a_deadlock_stays_one_however_much_a_request_computes() -> None:
    demand = Demand(0.1, (Limit(SLOTS, 5, 0.102), Limit(CPU, 1, 0.001)), patience=1.0, calibrated=True)
    check(Closed(5).predict(demand), Prediction(0, 1.0, DEADLOCK))
    assert Closed(4).predict(demand).bound == USERS


def test_near_the_knee_requests_queue_before_a_bound_is_reached() -> None:
    demand = calibrated()
    assert Closed(1).knee(demand) == pytest.approx(11)
    at_knee = Closed(11).predict(demand)
    assert at_knee.bound == USERS
    assert 0.8 * 1000 < at_knee.throughput < 0.99 * 1000
    assert Closed(12).predict(demand).bound == CPU


def test_time_that_a_busy_core_does_not_need_to_wake_up_is_no_reason_to_blame_the_users() -> None:
    demand = calibrated(transit=0.001)  # a turn takes 12 ms alone, and 11 on busy cores
    assert Closed(1).predict(demand).throughput == pytest.approx(1 / 0.012)
    assert Closed(11).predict(demand).bound == USERS
    assert Closed(12).predict(demand).bound == CPU


def test_an_unhindered_service_answers_as_if_each_user_were_alone() -> None:
    demand = calibrated(0.01, 0.001, 0.0002, 0.0005)
    assert Closed(1).unhindered(demand) == pytest.approx(Closed(1).predict(demand).throughput)
    assert Closed(40, 0.1).unhindered(demand) == pytest.approx(40 / 0.1115)
    assert Closed(40).unhindered(Demand(0.1)) == pytest.approx(400)


CALIBRATED = [
    calibrated(wait, cpu, beside, transit, *limits, processors=processors)
    for wait, cpu, (beside, transit), limits, processors in product(
        (0.0, 0.001, 0.1),
        (0.0002, 0.002),
        ((0.0, 0.0), (0.0003, 0.0003), (0.0003, 0.001), (0.003, 0.004)),
        ((), (Limit(SLOTS, 8, 0.02),), (Limit(SLOTS, 32, 0.1), Limit(POOL, 10, 0.05))),
        (1, 2),
    )
]


@pytest.mark.parametrize("think", [0.0, 0.05])
@pytest.mark.parametrize("demand", CALIBRATED)
def test_no_prediction_is_above_a_bound_and_each_obeys_littles_law(demand: Demand, think: float) -> None:
    found = [(users, Closed(users, think).predict(demand)) for users in (*range(1, 20), 100, 400)]
    for users, got in found:
        load = Closed(users, think)
        hurried = demand.alone - demand.waking + think
        assert got.throughput <= users / hurried * (1 + 1e-9)
        assert all(got.throughput <= limit.throughput * (1 + 1e-9) for limit in demand.limits)
        assert got.throughput * demand.beside <= 1 + 1e-9
        assert load.missing(got.throughput, got.response) == pytest.approx(0, abs=1e-6)
    assert all(more.throughput >= less.throughput * (1 - 1e-9) for (_, less), (_, more) in pairwise(found))


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
    assert Closed(users, think).missing(throughput, response) == pytest.approx(lost)


@pytest.mark.parametrize(("users", "label"), [(1, "1 user"), (2, "2 users"), (10_000, "10000 users")])
def test_a_load_is_told_in_words(users: int, label: str) -> None:
    assert Closed(users).label == label
    assert f"{Closed(users).amount} {Closed(users).unit}" == f"{users} users"


def test_loads_of_as_many_users_who_think_as_long_are_the_same_load() -> None:
    assert {Closed(5), Closed(5, think=0.0), Closed(5, think=1.0)} == {Closed(5), Closed(5, think=1.0)}
    assert Closed(5).conditions == Closed(6).conditions != Closed(5, think=1.0).conditions


@pytest.mark.parametrize(
    ("load", "demand", "most"),
    [
        (Closed(1), slots(5, 0.1), Closed(5)),
        (Closed(400, 0.2), slots(5, 0.1), Closed(15, 0.2)),  # 15.000000000000002
        (Closed(1, 0.05), slots(5, 0.1), Closed(7, 0.05)),  # 7.5
        (Closed(1), Demand(0.1), None),
    ],
)
def test_the_largest_load_without_a_queue_is_of_whole_users_who_think_as_long(
    load: Closed, demand: Demand, most: Closed | None
) -> None:
    assert load.at_knee(demand) == most


@pytest.mark.parametrize(
    ("load", "response", "wait", "seconds", "spans"),
    [
        (Closed(100), 0.2, 0.2, 0.5, (0.5, 0.5)),
        (Closed(100), 2.0, 0.2, 0.5, (2.7, 3.6)),
        (Closed(100, 1.0), 2.0, 0.2, 0.5, (3.95, 5.4)),
        (Closed(1), 2.0, 2.0, 1.0, (4.5, 22.0)),
        (Closed(100), 0.001, 0.001, 1.0, (0.5, 1.0)),
    ],
)
def test_warm_up_and_window_are_long_enough_for_the_response_and_for_the_requests(
    load: Closed, response: float, wait: float, seconds: float, spans: tuple[float, float]
) -> None:
    assert load.spans(response, Demand(wait), seconds, requests=11) == pytest.approx(spans)


@pytest.mark.parametrize(
    ("load", "throughput", "response", "cut", "told"),
    [
        (Closed(10), 100, 0.1, 1, None),
        (Closed(10), 95, 0.1, 1, None),
        (Closed(10), 50, 0.1, 1, "concurrency is 5.0 users instead of 10 (Little's law, tolerance 0.5)"),
        (Closed(10), 150, 0.1, 1, "concurrency is 15.0 users instead of 10 (Little's law, tolerance 0.5)"),
        (Closed(10), 50, 0.1, 1000, None),
        (Closed(10, 0.1), 50, 0.1, 1, None),
        (Closed(10, 0.1), 100, 0.1, 1, "concurrency is 20.0 users instead of 10 (Little's law, tolerance 0.5)"),
    ],
)
def test_a_window_that_breaks_littles_law_is_told(
    load: Closed, throughput: float, response: float, cut: int, told: str | None
) -> None:
    assert load.contradiction(throughput, response, seconds=10.0, cut=cut) == told
