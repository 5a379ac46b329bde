from typing import Any

import pytest

from loadtest.results.schema import Step, Switches
from loadtest.verdict.aggregate import Row, known_costs, rows
from tests.loadtest.support.fabricated import measured, not_run, results, step, stuck, use


def row(*steps: Step) -> Row:
    (only,) = rows(results(steps))
    return only


def repeats(*responses: float) -> Row:
    """Return a row of aiohttp with ten users, from the response time in seconds of each repeat."""
    return row(*(step("aiohttp", 10, response, repeat=place) for place, response in enumerate(responses, 1)))


def test_there_is_a_row_for_each_service_and_number_of_users_in_their_order() -> None:
    run = results(
        [
            *(step("flask", users, repeat=1) for users in (10, 1)),
            *(step("aiohttp", users, repeat=1) for users in (1, 10)),
            *(step("flask", users, repeat=2) for users in (1, 10)),
            *(step("aiohttp", users, repeat=2) for users in (1, 10)),
        ]
    )
    table = [(each.service, each.load.amount, len(each.windows)) for each in rows(run)]
    assert table == [("flask", 1, 2), ("flask", 10, 2), ("aiohttp", 1, 2), ("aiohttp", 10, 2)]


def test_services_of_one_kind_stand_together_in_the_order_in_which_they_were_asked_for() -> None:
    names = ("aiohttp", "stranger", "flask-threads", "sanic", "flask")
    table = [each.service for each in rows(results([step(name, 1) for name in names]))]
    assert table == ["flask-threads", "flask", "aiohttp", "sanic", "stranger"]


def test_throughput_is_all_answers_over_all_seconds() -> None:
    long, short = measured(10, 0.1, seconds=30), measured(10, 0.2, seconds=10, failures=100)
    table = row(step("aiohttp", 10, measured=long), step("aiohttp", 10, repeat=2, measured=short))
    assert table.throughput == pytest.approx((3000 + 500 - 100) / 40)
    assert table.ratio == pytest.approx(85 / 100)


def test_percentiles_are_of_all_samples_together() -> None:
    quick, slow = {100.0: 900}, {500.0: 100}
    table = row(
        step("aiohttp", 10, measured=measured(10, latency=quick)),
        step("aiohttp", 10, repeat=2, measured=measured(10, latency=slow)),
    )
    assert [table.percentile(rank) for rank in (0.5, 0.9, 0.99)] == [100, 100, 500]


def test_what_was_counted_is_summed_and_the_most_memory_is_shown() -> None:
    table = row(
        step("aiohttp", 10, measured=measured(failures=1, errors={"a": 1}, unfinished=1, memory=5)),
        step("aiohttp", 10, repeat=2, measured=measured(failures=3, errors={"a": 2, "b": 1}, unfinished=2, memory=7)),
    )
    assert (table.failures, table.errors, table.unfinished, table.memory) == (4, {"a": 3, "b": 1}, 3, 7)


def test_cpu_is_weighed_by_time() -> None:
    table = row(
        step("aiohttp", 10, measured=measured(seconds=30, server_cpu=0.2, generator_cpu=0.1)),
        step("aiohttp", 10, repeat=2, measured=measured(seconds=10, server_cpu=0.6, generator_cpu=0.5)),
    )
    assert table.server_cpu == pytest.approx(0.3)
    assert table.generator_cpu == pytest.approx(0.2)
    assert table.cpu_per_request == pytest.approx(0.3 * 40 / 4000 * 1e6)


@pytest.mark.parametrize(("server_cpu", "microseconds"), [(0.002, 20), (0.0019, None), (0.0, None), (None, None)])
def test_cpu_per_request_needs_two_hundredths_of_a_second(server_cpu: float | None, microseconds: float | None) -> None:
    table = row(step("aiohttp", 10, measured=measured(10, seconds=10, server_cpu=server_cpu)))
    assert table.cpu_per_request == (None if microseconds is None else pytest.approx(microseconds))


def test_a_service_that_is_not_ours_has_no_cpu_and_no_memory() -> None:
    unseen = measured(server_cpu=None, busiest_cpu=None, memory=None, connections=None)
    table = row(step("stranger", 10, measured=unseen))
    assert (table.server_cpu, table.cpu_per_request, table.memory) == (None, None, None)


def test_a_row_that_was_not_run_holds_nothing_but_its_prediction() -> None:
    table = row(not_run("flask", 400))
    assert not table.holds
    assert (table.windows, table.doubts, table.bound) == ([], [], "not run")
    assert table.predicted
    assert table.predicted.throughput == pytest.approx(50)


def test_a_row_is_bound_by_whatever_bound_its_repeats() -> None:
    bounds = ["users", "CPU", "users"]
    table = row(*(step("aiohttp", 10, repeat=place, bound=bound) for place, bound in enumerate(bounds)))
    assert table.bound == "users; CPU"


def test_a_repeat_that_was_not_run_does_not_bind() -> None:
    stopped = step("aiohttp", 10, repeat=2, measured=None, bound="not run")
    assert row(step("aiohttp", 10), stopped).bound == "users"


def test_the_doubts_of_one_repeat_are_the_doubts_of_the_row() -> None:
    table = row(
        step("aiohttp", 10, repeat=1),
        step("aiohttp", 10, repeat=2, doubts=["one"]),
        step("aiohttp", 10, repeat=3, doubts=["one", "two"]),
    )
    assert table.doubts == ["one", "two"]
    assert not table.holds


@pytest.mark.parametrize(
    ("responses", "doubts"),
    [
        ([0.1], []),
        ([0.1, 0.1], []),
        ([0.1, 0.11], []),
        ([0.1, 0.125], ["the repeats disagree (80.0/s to 100.0/s)"]),
        ([0.1, 0.1, 0.2], ["the repeats disagree (50.0/s to 100.0/s)"]),
        ([0.1, 0.125, 0.1], ["the repeats disagree (80.0/s to 100.0/s)"]),
    ],
)
def test_repeats_must_agree(responses: list[float], doubts: list[str]) -> None:
    assert repeats(*responses).doubts == doubts


def test_the_spread_is_half_of_the_distance_between_the_repeats() -> None:
    assert repeats(0.1, 0.125).spread == pytest.approx(10)
    assert repeats(0.1).spread == 0


def test_a_deadlock_in_which_nothing_succeeds_is_divided_by_nothing() -> None:
    table = row(stuck("flask", 5), stuck("flask", 5, repeat=2))
    assert table.holds
    assert (table.throughput, table.spread, table.ratio, table.bound) == (0, 0, None, "deadlock")
    assert (table.failures, table.requests, table.errors) == (100, 100, {"status 504": 100})
    assert table.percentile(0.5) == pytest.approx(1000)


def test_the_few_who_get_out_of_a_deadlock_need_not_agree() -> None:
    table = row(stuck("flask", 5), stuck("flask", 5, succeeded=2, repeat=2))
    assert table.holds
    assert table.throughput == pytest.approx(0.1)


def test_what_is_a_deadlock_once_and_not_again_is_doubted() -> None:
    freed = step("flask", 5, scenario="ask", repeat=2, bound="unexplained", doubts=["most succeeded"])
    table = row(stuck("flask", 5), freed)
    assert not table.holds
    assert set(table.bound.split("; ")) == {"deadlock", "unexplained"}


def test_what_was_sent_again_is_added_up_and_unknown_where_no_window_counted_it() -> None:
    counted = step("aiohttp", 10, measured=measured(10, resent=2, reconnected=3))
    again = step("aiohttp", 10, repeat=2, measured=measured(10, resent=4, reconnected=0))
    assert (row(counted, again).resent, row(counted, again).reconnected) == (6, 3)
    assert (row(step("aiohttp", 10)).resent, row(step("aiohttp", 10)).reconnected) == (None, None)


def test_where_nothing_is_answered_nothing_is_divided() -> None:
    hung = measured(10, requests=0, response_ms=0.0, latency={}, unfinished=10)
    table = row(step("stranger", 10, measured=hung), step("stranger", 10, repeat=2, measured=hung))
    assert (table.throughput, table.ratio, table.spread, table.cpu_per_request) == (0, None, 0, None)
    assert table.percentile(0.5) is None


def test_repeats_that_share_a_pool_unevenly_are_bound_by_it_once() -> None:
    bounds = [
        f"database pool, unevenly shared (one process had {most} of 20 users and 10 of 20 connections)"
        for most in (16, 14)
    ]
    table = row(*(step("aiohttp", 20, repeat=place, bound=bound) for place, bound in enumerate(bounds)))
    assert table.bound == bounds[0]


def test_repeats_that_differ_because_connections_were_shared_unevenly_are_explained() -> None:
    uneven = "slots, unevenly shared (one process had 52 of 64 users and 32 of 64 slots)"
    table = row(step("flask-threads", 10, 0.1), step("flask-threads", 10, 0.125, repeat=2, bound=uneven))
    assert (table.holds, table.doubts, table.bound) == (True, [], f"{uneven}; users")
    assert table.spread == pytest.approx(10)


BUSY: dict[str, Any] = {
    "server_cpu": 0.5,
    "generator_cpu": 0.2,
    "others_cpu": {"database": 0.1, "command": 0.0001},
    "service_cores": use(0.6, interrupts=0.05),
    "other_cores": use(0.4, interrupts=0.03),
}
"""A window of a service that used half of its core, beside other processes that used 0.05 of it and 0.0699 beside."""


def test_the_cpu_time_of_a_request_is_divided_among_everything_that_spent_it() -> None:
    table = row(step("aiohttp", 10, measured=measured(10, **BUSY)))  # 1000 requests in 10 s
    assert table.cpu_per_request == pytest.approx(5000)
    assert table.costs == {
        "generator": pytest.approx(2000),
        "database": pytest.approx(1000),
        "command": None,  # less than 0.02 s
        "interrupts": pytest.approx(800),
        "other processes": pytest.approx((0.05 + 0.0699) * 10_000),
    }
    assert known_costs([table]) == ["generator", "database", "interrupts", "other processes"]


def test_on_shared_cores_nobody_knows_what_interrupts_and_other_processes_took() -> None:
    shared: dict[str, Any] = {**BUSY, "service_cores": None, "other_cores": None}
    table = row(step("aiohttp", 10, measured=measured(10, **shared)))
    assert [*table.costs] == ["generator", "database", "command"]
    assert table.unaccounted is None


@pytest.mark.parametrize(
    ("busy", "interrupts", "left"),
    [
        (0.6, 0.0, 0.1),
        (0.6, 0.04, 0.06),
        (0.6, 0.1, 0.0),
        (0.55, 0.1, 0.0),  # the process's clock contains a part of the interrupts
        (0.5, 0.1, 0.0),  # or all of them
        (0.47, 0.1, -0.03),
    ],
)
def test_the_utilization_law_leaves_what_neither_processes_nor_interrupts_account_for(
    busy: float, interrupts: float, left: float
) -> None:
    window = measured(10, server_cpu=0.5, service_cores=use(busy, interrupts=interrupts), other_cores=use(0.1))
    assert row(step("aiohttp", 10, measured=window)).unaccounted == pytest.approx(left, abs=1e-9)


def test_what_is_left_is_a_share_of_all_cores_of_the_service_and_not_of_those_that_were_stolen() -> None:
    window = measured(10, server_cpu=0.5, service_cores=use(1.2, cores=2, stolen=0.5), other_cores=use(0.1))
    assert row(step("aiohttp", 10, measured=window)).unaccounted == pytest.approx(0.1)


def test_the_master_has_no_share_of_the_work() -> None:
    window = measured(10, processes_cpu=[0.001, 0.3, 0.2])
    assert row(step("aiohttp", 10, measured=window)).shares == pytest.approx((0.4, 0.6))


def test_shares_are_the_smallest_and_the_largest_of_all_repeats() -> None:
    one, two = measured(10, processes_cpu=[0.3, 0.2]), measured(10, processes_cpu=[0.25, 0.25])
    table = row(step("aiohttp", 10, measured=one), step("aiohttp", 10, repeat=2, measured=two))
    assert table.shares == pytest.approx((0.4, 0.6))
    target = measured(
        10, processes_cpu=[0.0, 0.3, 0.1], connections=[7, 3]
    )  # its master is the one without connections
    assert row(step("stranger", 10, measured=target)).shares == pytest.approx((0.25, 0.75))
    assert row(step("aiohttp", 10, measured=measured(10, processes_cpu=None))).shares is None
    assert row(step("aiohttp", 10, measured=measured(10, processes_cpu=[0.0]))).shares is None


def test_context_switches_are_counted_per_request() -> None:
    one, two = (measured(10, switches=Switches(voluntary=count, involuntary=100)) for count in (3000, 1000))
    table = row(step("aiohttp", 10, measured=one), step("aiohttp", 10, repeat=2, measured=two))
    assert table.switches == pytest.approx((2.0, 0.1))
    uncounted = step("aiohttp", 10, repeat=3, measured=measured(10))
    assert row(step("aiohttp", 10, measured=one), uncounted).switches is None


def test_doubts_of_repeats_that_differ_in_figures_are_one() -> None:
    said = "the load generator was saturated ({}% of a core)"
    table = row(*(step("aiohttp", 10, repeat=place, doubts=[said.format(place + 93)]) for place in (1, 2, 3)))
    assert table.doubts == [said.format("94 to 96")]
