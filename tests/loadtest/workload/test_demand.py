from dataclasses import replace

import pytest

from loadtest.workload.demand import (
    ADMISSION,
    ARRIVALS,
    CPU,
    GENERATOR,
    LOOPS,
    SLOTS,
    USERS,
    Calibration,
    Demand,
    Limit,
    Prediction,
)
from tests.loadtest.support.fabricated import calibration

POOL, THREADS = "database pool", "threads"

COMPUTES = Demand(0.0, (Limit(CPU, 2, 0.1),))
"""The demand of a request that computes for 100 ms."""


def held(demand: Demand) -> dict[str, float]:
    return {limit.name: limit.held for limit in demand.limits}


def test_a_waiting_request_takes_its_wait_the_lateness_of_the_wait_its_work_and_the_way_to_and_fro() -> None:
    got = Demand(0.1, (Limit(SLOTS, 64, 0.1),)).calibrated_by(calibration(), 2)
    assert got.calibrated
    assert got.cpu == Limit(CPU, 2, 0.001)
    assert (got.wait, got.beside) == (0.1, 0.0002)
    assert got.late == pytest.approx(0.001)  # the wait of 10 ms took 11
    assert got.transit == pytest.approx(0.0005)  # of 12.5 ms, 11 were waited and one worked
    assert got.alone == pytest.approx(0.1025)
    assert got.waking == pytest.approx(0.0003)


def test_what_is_held_while_waiting_is_held_longer_and_what_is_held_at_work_too_for_the_cpu_time() -> None:
    limits = tuple(Limit(name, 10, share * 0.1) for name, share in ((SLOTS, 1), (LOOPS, 1), (POOL, 0.5), (THREADS, 1)))
    got = Demand(0.1, limits).calibrated_by(calibration(), 1)
    assert held(got) == pytest.approx({SLOTS: 0.102, LOOPS: 0.102, POOL: 0.0505, THREADS: 0.101, CPU: 0.001})
    assert all(limit.capacity == 10 for limit in got.limits if limit.name != CPU)


@pytest.mark.parametrize("waited", [0.01, 0.0099, 0.0])
def test_a_wait_that_seems_too_short_is_not_late_and_what_is_left_of_the_turn_is_the_way(waited: float) -> None:
    got = Demand(0.1, (Limit(SLOTS, 64, 0.1),)).calibrated_by(calibration(waited=waited), 1)
    assert got.late == 0
    assert got.transit == pytest.approx(0.0125 - 0.001 - 0.01)
    assert held(got) == pytest.approx({SLOTS: 0.101, CPU: 0.001})


def test_a_request_that_computes_costs_its_own_computation_and_the_rest_of_what_was_measured() -> None:
    got = COMPUTES.calibrated_by(calibration(cpu=0.0105, turn=0.0115, waited=0.0), 2)
    assert [(limit.name, limit.capacity) for limit in got.limits] == [(CPU, 2)]
    assert held(got) == pytest.approx({CPU: 0.1005})
    assert (got.wait, got.late) == (0.0, 0.0)
    assert got.transit == pytest.approx(0.001)
    assert got.alone == pytest.approx(0.1015)


def test_a_request_that_does_nothing_takes_the_turn_that_was_measured() -> None:
    got = Demand(0.0).calibrated_by(calibration(cpu=0.0003, turn=0.0008, waited=0.0, delay=0.0), 1)
    assert held(got) == {CPU: 0.0003}
    assert got.alone == pytest.approx(0.0008)


def test_the_way_is_never_shorter_than_the_load_generator_s_own_time() -> None:
    hasty = calibration(turn=0.011)  # less than the wait and the work, because a part of the work fell into the wait
    got = Demand(0.1).calibrated_by(hasty, 1)
    assert got.transit == got.beside == 0.0002
    assert got.waking == 0


def test_a_demand_is_known_by_its_limits_before_and_after_the_calibration() -> None:
    plain = Demand(0.1, (Limit(SLOTS, 64, 0.1), Limit(POOL, 10, 0.1)), patience=1.0)
    assert (plain.alone, plain.waking, plain.cpu, plain.calibrated) == (0.1, 0.0, None, False)
    assert plain.tightest == Limit(POOL, 10, 0.1)
    got = plain.calibrated_by(calibration(), 1)
    assert (got.patience, got.blocked) == (1.0, False)
    assert got.slots == got.limits[0]
    assert got.tightest == got.limits[1]
    assert held(got) == pytest.approx({SLOTS: 0.102, POOL: 0.101, CPU: 0.001})
    dear = plain.calibrated_by(calibration(cpu=0.02), 1)
    assert dear.tightest == dear.cpu == Limit(CPU, 1, 0.02)
    assert Demand(0.1).tightest is None


def test_a_pool_is_also_held_for_the_cpu_time_that_falls_into_the_wait() -> None:
    plain = Demand(0.1, (Limit(SLOTS, 64, 0.1), Limit(POOL, 10, 0.04)))  # the pool is part of a mixed day
    got = plain.calibrated_by(replace(calibration(), inside=0.0005), 1)
    assert held(got) == pytest.approx({SLOTS: 0.102, POOL: 0.04 * 1.015, CPU: 0.001})
    assert got.late == pytest.approx(0.001)
    assert got.inside == 0.0005
    assert held(got.slower(2.0, 1.0)) == pytest.approx({SLOTS: 0.103, POOL: 0.04 * 1.02, CPU: 0.002})
    assert held(got.uncalibrated) == pytest.approx({SLOTS: 0.1, POOL: 0.04})
    assert COMPUTES.calibrated_by(replace(calibration(), inside=0.0005), 1).inside == 0


def test_a_service_by_itself_is_seen_without_the_load_generator_s_own_time() -> None:
    got = Demand(0.1, (Limit(SLOTS, 64, 0.1),)).calibrated_by(calibration(), 1)
    alone = got.by_itself
    assert (alone.beside, alone.limits, alone.wait, alone.late) == (0.0, got.limits, got.wait, got.late)
    assert alone.alone == pytest.approx(got.alone - 0.0002)
    assert alone.waking == pytest.approx(got.waking)


def test_a_longer_wait_holds_everything_but_the_cpu_as_much_longer() -> None:
    got = Demand(0.1, (Limit(SLOTS, 64, 0.1), Limit(POOL, 10, 0.1))).calibrated_by(calibration(), 1)
    longer = got.waiting(0.25)
    assert held(longer) == pytest.approx({SLOTS: 0.252, POOL: 0.251, CPU: 0.001})
    assert longer.alone == pytest.approx(got.alone + 0.15)
    assert held(longer.waiting(0.1)) == pytest.approx(held(got))


def test_no_neighbours_are_assumed_where_none_were_measured() -> None:
    assert Calibration(0.001, 0.001, 0.0002, 0.0125, 0.011, 0.01).neighbours == 0


@pytest.mark.parametrize(
    ("bound", "saturated"),
    [
        *((USERS, False), (ARRIVALS, False), (SLOTS, True), (CPU, True), (ADMISSION, True), (GENERATOR, True)),
        ("deadlock", True),
    ],
)
def test_requests_queue_or_are_refused_wherever_neither_users_nor_arrivals_bound(bound: str, saturated: bool) -> None:
    assert Prediction(100.0, 0.1, bound).saturated == saturated


def test_a_slower_machine_computes_longer_everywhere_and_waits_as_long() -> None:
    limits = (Limit(SLOTS, 4, 0.102), Limit(POOL, 10, 0.1), Limit(CPU, 1, 0.002))
    known = Demand(0.1, limits, late=0.001, transit=0.003, beside=0.001, calibrated=True)
    slower = known.slower(1.5, 1.2)
    assert [(limit.name, limit.held) for limit in slower.limits] == [
        (SLOTS, pytest.approx(0.103)),
        (POOL, 0.1),
        (CPU, pytest.approx(0.003)),
    ]
    times = (slower.wait, slower.late, slower.transit, slower.beside)
    assert times == pytest.approx((0.1, 0.001, 0.0042, 0.0012))


@pytest.mark.parametrize(
    ("slots", "admitted", "sheds"),
    [
        (None, None, False),
        (96, None, False),
        (None, 1, True),
        (96, 32, True),
        (33, 32, True),
        (32, 32, False),
        (31, 32, False),
    ],
)
def test_a_service_refuses_only_if_it_has_more_slots_than_it_admits_requests(
    slots: int | None, admitted: int | None, sheds: bool
) -> None:
    limits = () if slots is None else (Limit(SLOTS, slots, 0.1),)
    admission = None if admitted is None else Limit(ADMISSION, admitted, 0.1)
    assert Demand(0.1, limits, admission=admission).sheds == sheds


def test_a_place_is_held_for_the_wait_as_it_lasts_and_not_for_the_cpu_time() -> None:
    plain = Demand(0.1, (Limit(SLOTS, 8, 0.1),), admission=Limit(ADMISSION, 4, 0.1))
    got = plain.calibrated_by(calibration(), 1)
    longer, slower = got.waiting(0.25), got.slower(1.5, 1.2)
    assert got.admission
    assert longer.admission
    assert (got.admission.name, got.admission.capacity) == (ADMISSION, 4)
    assert got.admission.held == pytest.approx(0.101)  # the wait of 10 ms took 11
    assert held(got)[SLOTS] == pytest.approx(0.102)
    assert longer.admission.held == pytest.approx(0.251)
    assert slower.admission == got.admission
    assert got.sheds
    assert longer.sheds


def test_a_demand_without_an_in_flight_limit_gets_none_from_a_calibration_or_a_longer_wait() -> None:
    got = Demand(0.1, (Limit(SLOTS, 8, 0.1),)).calibrated_by(calibration(), 1)
    assert got.admission is None
    assert got.waiting(0.25).admission is None
