"""Whose work filled which cores, and what a service would carry by its CPU time."""

from typing import Any

import pytest

from loadtest.results.schema import CoreUse, Measured
from loadtest.verdict.processors import capacity, full_service, full_tool, neighbours, neighbours_share
from loadtest.workload.demand import CPU, Demand, Limit
from tests.loadtest.support.fabricated import calibration, contender, measured, use


def window(**changes: Any) -> Measured:
    """Return a window of a service that used half of its one core, beside others that used 0.3 of theirs."""
    known = {"service_cores": use(0.5), "other_cores": use(0.3), "generator_cpu": 0.2, "others_cpu": {"database": 0.1}}
    return measured(10, **{**known, **changes})


@pytest.mark.parametrize(
    ("used", "ours", "expected"),
    [
        (use(0.9), 0.5, 0.4),
        (use(0.9, stolen=0.1, interrupts=0.2), 0.5, 0.1),
        (use(0.9, stolen=0.1, interrupts=0.3), 0.6, 0.0),  # clocks that differ show no negative neighbour
        (use(1.5, 2), 0.5, 1.0),
    ],
)
def test_what_no_process_of_the_run_and_no_interrupt_explains_is_a_neighbour(
    used: CoreUse, ours: float, expected: float
) -> None:
    assert neighbours(used, ours) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 0.0),
        ({"service_cores": use(0.7)}, 0.2),
        ({"other_cores": use(0.7)}, 0.4),
        ({"service_cores": use(0.7), "other_cores": use(0.6)}, 0.3),
        ({"service_cores": use(1.3, 4), "other_cores": use(0.5)}, 0.2),
        ({"service_cores": None, "other_cores": None}, 0.0),
        ({"server_cpu": None, "service_cores": use(1.0)}, 0.0),
    ],
)
def test_the_larger_share_of_a_set_that_neighbours_took_counts(changes: dict[str, Any], share: float) -> None:
    assert neighbours_share(window(**changes)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("changes", "tool"),
    [
        ({}, None),
        ({"generator_cpu": 0.9}, "generator"),
        ({"generator_cpu": 0.9, "other_cores": None, "service_cores": None}, "generator"),
        ({"other_cores": use(0.95), "others_cpu": {"database": 0.7}}, "database"),
        ({"other_cores": use(1.95, 2), "others_cpu": {"database": 0.9, "upstream": 0.85}}, "database"),
        ({"other_cores": use(1.85, 2), "others_cpu": {"database": 0.9, "upstream": 0.75}}, None),
        ({"other_cores": None, "service_cores": None, "others_cpu": {"database": 1.5}}, None),
    ],
)
def test_the_part_of_the_measurement_without_cpu_time_left_is_named(changes: dict[str, Any], tool: str | None) -> None:
    assert full_tool(window(**changes)) == tool


@pytest.mark.parametrize(
    ("changes", "full"),
    [
        ({}, False),
        ({"busiest_cpu": 0.9}, True),
        ({"busiest_cpu": 1.5, "server_cpu": 3.0, "service_cores": use(3.0, 4)}, False),  # not Python: it may use more
        ({"busiest_cpu": 3.6, "server_cpu": 3.6, "service_cores": use(3.6, 4)}, True),
        ({"server_cpu": 0.9}, True),
        ({"server_cpu": 0.9, "service_cores": use(0.9, 2)}, False),
        ({"server_cpu": 0.9, "service_cores": None}, False),  # on shared cores it is the busiest process that counts
        ({"server_cpu": None, "busiest_cpu": None}, False),
    ],
)
def test_a_service_is_full_if_a_process_or_its_cores_are(changes: dict[str, Any], full: bool) -> None:
    assert full_service(window(**changes)) == full


@pytest.mark.parametrize(
    ("name", "changes", "rate"),
    [
        ("aiohttp", {}, 400),  # 1,000 requests for five seconds of CPU time, on two processors
        ("aiohttp", {"server_cpu": 0.05}, 4000),
        ("aiohttp", {"server_cpu": 0.05, "failures": 500}, 2000),  # failures cost, and are no throughput
        ("flask-threads", {"server_cpu": 0.05}, 64 / 0.102),  # the slots are tighter
        ("aiohttp", {"server_cpu": None}, None),
        ("aiohttp", {"server_cpu": 0.0}, None),
        ("aiohttp", {"failures": 1000}, None),
        ("stranger", {}, None),
    ],
)
def test_what_a_service_would_carry_follows_from_the_cpu_time_of_its_requests_and_its_other_limits(
    name: str, changes: dict[str, Any], rate: float | None
) -> None:
    known = contender(name, calibration=calibration() if name != "stranger" else None)
    assert capacity(window(**changes), known) == (rate and pytest.approx(rate))


def test_the_calibrated_cpu_time_is_no_limit_of_what_the_window_showed() -> None:
    slow = contender("aiohttp", demand=Demand(0.1, (Limit(CPU, 2, 1.0),), calibrated=True))
    assert capacity(window(), slow) == pytest.approx(400)


def test_without_the_cpu_in_its_demand_nothing_is_computed() -> None:
    assert capacity(window(), contender("aiohttp")) is None
