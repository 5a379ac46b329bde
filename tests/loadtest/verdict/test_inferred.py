from collections.abc import Sequence
from typing import Any

import pytest

from loadtest.results.inferred import Inferred
from loadtest.results.schema import Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.bounds import OWN_LIMIT, UNEXPLAINED
from loadtest.verdict.inferred import demand, infer, predicted, sentence
from loadtest.workload.demand import CPU, LOOPS, SLOTS, USERS, Demand, Limit
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import measured, open_step, results, step

WAIT = 0.1


def seen(users: int, per_second: float, bound: str = OWN_LIMIT, repeat: int = 1, **changes: Any) -> Step:
    """Return a step of a target that reached this throughput."""
    doubts = changes.pop("doubts", [])
    window = measured(users, users / per_second, 60.0, **changes)
    return step("mine", users, repeat=repeat, measured=window, bound=bound, doubts=doubts)


def table(*steps: Step) -> list[Row]:
    return rows(results(steps))


def of_slots(slots: int, wait: float = WAIT, users: Sequence[int] = (1, 2, 10, 40, 160), **changes: Any) -> list[Row]:
    """Return the rows of a service that serves so many requests at once."""
    return table(
        *(
            seen(each, min(each, slots) / wait, OWN_LIMIT if each > slots else USERS, repeat, **changes)
            for repeat in (1, 2)
            for each in users
        )
    )


def inferred(rows: Sequence[Row], *, blocks: bool = False) -> Inferred:
    found = infer(rows, blocks=blocks)
    assert found is not None
    return found


def test_the_requests_at_a_time_follow_from_saturated_steps_and_the_wait_of_one_user() -> None:
    for slots, wait, loads in ((1, 0.05, [2, 10, 40, 160]), (4, 0.1, [10, 40, 160]), (8, 0.5, [10, 40, 160])):
        found = inferred(of_slots(slots, wait))
        assert found.limit is not None
        assert (found.limit.name, found.limit.capacity, found.limit.loads) == (SLOTS, slots, loads)
        for figure, expected in (
            *((found.wait, wait), (found.fastest, wait), (found.slowest, wait)),
            *((found.limit.low, slots), (found.limit.high, slots), (found.limit.throughput, slots / wait)),
        ):
            assert figure == pytest.approx(expected, rel=0.02)
        assert (found.unsaturated, found.why) == (False, "")
        limit = Limit(SLOTS, slots, found.wait)
        assert demand(found, None, []) == Demand(found.wait, (limit,))
    found = inferred(of_slots(32))
    assert found.limit is not None
    assert (found.limit.capacity, found.limit.loads) == (32, [40, 160])
    assert sentence("mine", found, None) == (
        "mine: 32 requests at a time, 320/s x 100 ms (inferred from the steps of 40 and 160 users: 32.0 to 32.0 at a "
        "time)."
    )


def test_an_event_loop_that_serves_one_at_a_time_is_named() -> None:
    found = inferred(of_slots(1, processes_cpu=[0.1]), blocks=True)
    assert found.limit is not None
    assert (found.limit.name, found.limit.capacity) == (LOOPS, 1)
    assert sentence("mine", found, None).startswith("mine: its event loop: 1 request at a time, 10.0/s x 100 ms (")
    for table, blocks, name, words in (
        (of_slots(1), False, SLOTS, "mine: 1 request at a time"),
        (of_slots(2), True, LOOPS, "mine: its event loops: 2 requests at a time"),  # each of two processes has one
        (of_slots(4), True, SLOTS, "mine: 4 requests at a time"),
        (of_slots(1, processes_cpu=None), True, SLOTS, "mine: 1 request at a time"),
    ):
        found = inferred(table, blocks=blocks)
        assert found.limit is not None
        assert found.limit.name == name
        assert sentence("mine", found, None).startswith(f"{words}, ")


def test_a_service_without_a_limit_that_two_steps_show_is_told_why() -> None:
    alone, ten = seen(1, 10, USERS), seen(10, 80)
    for steps, unsaturated, why in (
        ([alone], True, "no conclusive step shows one, up to 1 user"),
        ([alone, seen(10, 100, USERS)], True, "no conclusive step shows one, up to 10 users"),
        ([alone, seen(10, 100, UNEXPLAINED)], False, "no conclusive step shows one, up to 10 users"),
        (
            [alone, seen(10, 100, USERS), seen(99, 80, doubts=["stolen"])],
            True,
            "no conclusive step shows one, up to 10 users",
        ),
        (
            [alone, ten, seen(40, 80, doubts=["stolen"])],
            False,
            "only one step, 10 users, is saturated, and it takes two to show a limit",
        ),
        (
            [alone, *(seen(users, 80, CPU, server_cpu=None) for users in (10, 40))],
            False,
            "CPU time was short, and how much of it the service used is unknown",
        ),
        (
            [alone, ten, seen(40, 90)],
            False,
            "throughput still changes with the users, from 80.0/s to 90.0/s",
        ),
        (
            [alone, seen(10, 14), seen(40, 14)],
            False,
            "1.4 to 1.4 requests at a time is too wide a range for a figure",
        ),
    ):
        found = inferred(table(*steps))
        assert (found.unsaturated, found.why) == (unsaturated, why)
        assert found.limit is None
        assert sentence("mine", found, 8) == f"mine: its limit is unknown: {why}."
        assert demand(found, None, []) == Demand(found.wait)


def test_nothing_is_inferred_without_a_conclusive_step_of_one_user() -> None:
    for steps in (
        [seen(2, 20, USERS), seen(10, 80), seen(40, 80)],
        [seen(1, 10, USERS, doubts=["stolen"]), seen(10, 80), seen(40, 80)],
        [open_step("mine", Open(20))],
    ):
        assert infer(table(*steps), blocks=False) is None
    assert infer([], blocks=False) is None


def test_a_doubted_row_is_not_used_and_repeats_without_a_first_step_say_nothing() -> None:
    steps = [seen(1, 10, USERS), seen(10, 80), seen(40, 80)]
    wrong = seen(160, 60, doubts=["the load generator was saturated"])
    assert inferred(table(*steps, wrong)) == inferred(table(*steps))
    again = [seen(1, 10, USERS, 2), seen(10, 80, UNEXPLAINED, 2), seen(40, 80, UNEXPLAINED, 2)]
    found = inferred(table(*steps, *again))
    assert found.limit is not None
    assert found.limit.loads == [10, 40]
    mixed = inferred(table(*steps, seen(40, 80, USERS, 2)))  # not saturated in each repeat
    assert (mixed.limit, mixed.unsaturated) == (None, False)


def test_a_service_that_computes_is_limited_by_its_cpu() -> None:
    steps = [seen(1, 90, USERS, server_cpu=0.9), *(seen(users, 100, CPU, server_cpu=1.0) for users in (10, 40))]
    found = inferred(table(*steps, seen(40, 100, OWN_LIMIT, 2, server_cpu=1.0)))
    assert found.limit is not None
    assert (found.limit.name, found.limit.capacity, found.limit.loads) == (CPU, 1, [10, 40])
    assert demand(found, None, []).limits == (Limit(CPU, 1, 1 / found.limit.throughput),)
    assert sentence("mine", found, 8) == (
        "mine is limited by its CPU: 100/s x 10 ms = 1.0 cores (inferred from the steps of 10 and 40 users)."
    )


def test_a_saturated_row_is_predicted_from_the_others_alone() -> None:
    def foretold(*rates: float) -> list[tuple[float, str] | None]:
        users = (1, 4, 10, 40, 160)
        bounds = (USERS, USERS, OWN_LIMIT, OWN_LIMIT, OWN_LIMIT)
        rows = table(*map(seen, users, rates, bounds))
        found = inferred(rows)
        assert found.limit is not None
        assert found.limit.loads == [10, 40, 160]
        known = [predicted(row, found, demand(found, None, []), rows) for row in rows]
        return [(round(each.throughput, 2), each.bound) if each else None for each in known]

    assert foretold(10, 40, 80, 80, 80) == [None, (40.0, USERS), *[(80.0, SLOTS)] * 3]
    one, four, *others = foretold(10, 40, 80, 82, 80)
    assert (one, four) == (None, (40.0, USERS))
    assert others == [(81.0, SLOTS), (80.0, SLOTS), (81.0, SLOTS)]  # its own 82 moves all predictions but its own


def test_known_slots_and_pools_take_the_place_of_the_inferred_limit() -> None:
    rows = of_slots(5)
    found = inferred(rows)
    assert found.limit is not None
    pool = Limit("database pool", 4, 0.08)
    for slots, pools, limits, rate, bound in (
        (8, [], (Limit(SLOTS, 8, found.wait),), 80, SLOTS),  # what its owner says is held against what was measured
        (None, [pool], (pool,), 50, "database pool"),
        (8, [pool], (Limit(SLOTS, 8, found.wait), pool), 50, "database pool"),
    ):
        known = demand(found, slots, pools)
        assert known == Demand(found.wait, limits)
        told = predicted(rows[-1], found, known, rows)
        assert told is not None
        assert (round(told.throughput), told.bound) == (rate, bound)
    assert sentence("mine", found, 8).endswith(" Its file says 8 slots, so something else is the limit.")
    assert "file" not in sentence("mine", found, 5) + sentence("mine", found, None)


def test_without_a_known_limit_only_rows_that_show_none_are_predicted() -> None:
    rows = table(seen(1, 10, USERS), seen(8, 80, USERS), seen(40, 90), seen(99, 70), seen(160, 300, "not run"))
    found = inferred(rows)
    assert found.limit is None
    told = {row.load.amount: predicted(row, found, demand(found, None, []), rows) for row in rows}
    assert {users: each and round(each.throughput) for users, each in told.items()} == (
        {1: None, 8: 80, 40: None, 99: None, 160: 1600}
    )
    opened = table(open_step("mine", Open(20)))
    assert predicted(opened[0], found, demand(found, None, []), opened) is None


def test_users_who_think_show_the_same_limit() -> None:
    steps = [
        step("mine", users, max(WAIT, users / 80 - 0.1), think=0.1, bound=OWN_LIMIT if users > 16 else USERS)
        for users in (1, 40, 160)
    ]
    found = inferred(table(*steps))
    assert found.limit is not None
    assert found.wait == pytest.approx(WAIT)
    assert (found.limit.capacity, found.limit.loads) == (8, [40, 160])
