from dataclasses import astuple

import pytest

from loadtest.results.schema import Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.memory import growth, in_flight
from tests.loadtest.support.fabricated import WAIT, results, step, stuck

MIB = 2**20


def sized(service: str, users: int, mib: float | None) -> Step:
    """Return a step at whose end the service held `mib` MiB of memory."""
    done = step(service, users)
    assert done.measured
    memory = None if mib is None else round(mib * MIB)
    return done.model_copy(update={"measured": done.measured.model_copy(update={"memory": memory})})


def test_requests_in_flight_are_throughput_times_response_time() -> None:
    run = results([step("aiohttp", users) for users in (1, 10, 64, 400)])
    assert [in_flight(row) for row in rows(run)] == pytest.approx([1, 10, 64, 400])


def test_users_who_think_are_not_in_flight() -> None:
    (row,) = rows(results([step("aiohttp", 10, think=4 * WAIT)]))
    assert in_flight(row) == pytest.approx(2)


def test_a_slot_takes_what_a_service_grows_by_with_each_slot_in_use() -> None:
    sizes = {users: 100 + min(users, 64) / 16 for users in (1, 10, 64, 400)}
    grows = rows(results([sized("flask-threads", users, size) for users, size in sizes.items()]))
    assert (grown := growth(grows, 64))
    assert grown.each == pytest.approx(MIB / 16, rel=1e-4)


@pytest.mark.parametrize(
    "sizes",
    [
        {1: 100.0},
        {1: 100.0, 64: 100.9},  # less than LEAST_GROWTH
        {1: 104.0, 64: 100.0},
        {64: 100.0, 400: 104.0},  # it grew although all slots were already in use
        {1: None, 64: None},
        {1: 100.0, 64: None},
    ],
)
def test_where_too_little_was_seen_nothing_is_said_of_a_slot(sizes: dict[int, float | None]) -> None:
    run = results([sized("flask-threads", users, size) for users, size in sizes.items()])
    assert growth(rows(run), 64) is None


def test_a_deadlock_carries_nothing_and_is_in_flight_all_the_same() -> None:
    (row,) = rows(results([stuck("flask", 10)]))
    assert row.throughput == 0
    assert in_flight(row) == pytest.approx(10)


@pytest.mark.parametrize(
    ("service", "slots", "sizes", "each"),
    [
        ("aiohttp", None, {1: 80.1, 100: 90, 400: 120}, 0.1),
        ("flask-threads", 32, {1: 80.5, 16: 88, 400: 96}, 0.5),
    ],
)
def test_memory_grows_with_the_requests_in_flight_up_to_the_slots(
    service: str, slots: int | None, sizes: dict[int, float], each: float
) -> None:
    grown = growth(rows(results([sized(service, users, size) for users, size in sizes.items()])), slots)
    assert grown
    assert astuple(grown) == pytest.approx((80 * MIB, each * MIB), rel=1e-3)


@pytest.mark.parametrize("sizes", [{1: 80.0}, {1: 80.0, 400: 80.9}, {1: 90.0, 400: 80.0}])
def test_memory_is_unknown_if_it_hardly_grew(sizes: dict[int, float]) -> None:
    assert growth(rows(results([sized("aiohttp", users, size) for users, size in sizes.items()])), None) is None
