"""Tests of the map: demands at other waits, where limits run out, the rule in words, and memory."""

from dataclasses import replace
from typing import Any

import pytest

from loadtest.contenders.service import lineup
from loadtest.results.schema import Contender, Results, Step
from loadtest.verdict.memory import Growth
from loadtest.verdict.where import LONGEST, SHORTEST, Pair, Side, differing, headline, remembered, rule, sides
from loadtest.workload import scenarios
from loadtest.workload.closed import Closed
from loadtest.workload.demand import CPU, SLOTS, Calibration
from loadtest.workload.scenarios import MAPPED, MIXED
from tests.loadtest.support.fabricated import WAIT, contender, results, step

MIB = 2**20

CHEAP = Calibration(cpu=0.0001, cpu_alone=0.0001, beside=0.0001, turn=0.0115, waited=0.0105, delay=0.01)
DEAR = replace(CHEAP, cpu=0.0004)
"""Calibrations of two handlers, the second of which costs four times as much CPU time."""


def calibrated(name: str, calibration: Calibration | None, scenario: str = "delay", **sizes: Any) -> Contender:
    """Return a service of the line-up on one core, with a calibrated demand."""
    service = replace(lineup(1)[name], **sizes)
    return contender(name, scenario).model_copy(
        update={
            "demand": scenarios.demand(scenario, service, WAIT, calibration=calibration),
            "calibration": calibration,
            "slots": service.slots,
            "processes": service.workers,
            "threads": service.threads,
        }
    )


def side(name: str, calibration: Calibration = CHEAP, scenario: str = "delay", **sizes: Any) -> Side:
    known = calibrated(name, calibration, scenario, **sizes)
    assert known.demand
    return Side(known, known.demand, WAIT)


def run(*contenders: Contender, steps: tuple[Step, ...] = (), scenario: str = "delay") -> Results:
    done = steps or tuple(step(each.name, 1, scenario=scenario) for each in contenders)
    return results(done, scenario=scenario).model_copy(update={"contenders": list(contenders)})


THREADS, LOOP = side("flask-threads", DEAR), side("aiohttp")


@pytest.mark.parametrize("scenario", MAPPED)
@pytest.mark.parametrize("name", ["flask-threads", "aiohttp"])
@pytest.mark.parametrize("wait", [0.001, 0.05, 10.0])
def test_a_demand_moved_to_another_wait_is_the_one_that_is_calibrated_there(
    scenario: str, name: str, wait: float
) -> None:
    here, there = (scenarios.demand(scenario, lineup(1)[name], each, calibration=DEAR) for each in (WAIT, wait))
    assert here
    assert there
    moved = here.waiting(wait)
    assert moved == replace(there, limits=moved.limits)
    assert [(each.name, each.capacity) for each in moved.limits] == [(its.name, its.capacity) for its in there.limits]
    assert [each.held for each in moved.limits] == pytest.approx([its.held for its in there.limits])


def test_a_service_by_itself_is_not_slowed_down_by_the_load_generator() -> None:
    demand = THREADS.known
    assert demand.by_itself.alone == pytest.approx(demand.alone - demand.beside)
    slow = replace(demand, beside=demand.transit)
    assert Closed(100).predict(slow.by_itself).bound == SLOTS
    assert Closed(1).predict(demand.by_itself).throughput > Closed(1).predict(demand).throughput


def test_below_the_turn_the_cpu_runs_out_first_and_above_it_the_threads() -> None:
    turn = THREADS.turn()
    # 32 threads carry as much as the CPU if each is held for 32 CPU times; one of them is the request's own
    assert turn == pytest.approx(31 * 0.0004 - THREADS.known.late)
    assert THREADS.runs_out(0.99 * turn).name == CPU
    assert THREADS.runs_out(1.01 * turn).name == SLOTS
    assert LOOP.turn() == float("inf")


def test_a_turn_follows_the_wait_that_a_request_asks_for_if_it_waits_several_times() -> None:
    fanout = side("flask-threads", replace(DEAR, waited=0.05, delay=0.05), "fanout")
    assert fanout.known.wait == pytest.approx(5 * WAIT)
    assert fanout.runs_out(0.99 * fanout.turn()).name == CPU
    assert fanout.runs_out(1.01 * fanout.turn()).name == SLOTS


def test_with_one_request_in_flight_and_a_long_wait_both_are_equal() -> None:
    assert Pair(THREADS, LOOP).times(1.0, 1) == pytest.approx(1.0, abs=0.01)


def test_with_many_requests_in_flight_the_throughputs_are_those_of_the_limits() -> None:
    pair = Pair(THREADS, LOOP)
    assert pair.times(SHORTEST, 1000) == pytest.approx(4.0, rel=0.01)  # both CPUs are full
    assert pair.times(LONGEST, 10_000) == pytest.approx(10_000 / 32, rel=0.01)


def test_the_rule_states_the_turn_and_the_threads() -> None:
    told, example = rule(Pair(THREADS, LOOP), 0.1)
    assert told == (
        "Under about 12 ms of wait aiohttp gains what its cheaper handler saves, 4.0 times with a wait of 1 ms, and "
        "nothing from waiting; above, aiohttp gains from the point where the 32 threads of flask-threads are taken."
    )
    assert example.startswith("With a wait of 100 ms and 1 request in flight aiohttp serves 1.0 times as many requests")
    assert example.endswith("More in flight only queue: in flask-threads from 32 on, in aiohttp from 1,006 on.")


def test_the_headline_is_short_and_says_of_both_services_which_one_pays() -> None:
    taken = "once the 32 threads of flask-threads are taken"
    for first, second, told in (
        (
            THREADS,
            LOOP,
            f"aiohttp pays with waits over about 12 ms, {taken}; with shorter ones only its handler counts: 4.0 times",
        ),
        (LOOP, THREADS, f"aiohttp pays with waits over about 12 ms, {taken}"),
        (side("flask-threads"), side("aiohttp"), "only its handler counts: as much"),
        (side("flask", DEAR), LOOP, "aiohttp pays at every wait, once the 3 processes of flask are taken"),
        (LOOP, LOOP, "Neither gains from waiting: aiohttp carries 1.0 times as much at every wait"),
    ):
        found = headline(Pair(first, second))
        assert told in found
        assert not found.endswith(".")


def test_the_rule_is_the_same_if_the_slower_service_is_named_second() -> None:
    assert rule(Pair(LOOP, THREADS)) == rule(Pair(THREADS, LOOP))


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (
            side("flask-threads", CHEAP),
            side("aiohttp", DEAR),
            "loses what its dearer handler costs: it carries 0.2 times as much, and nothing from waiting; above, ",
        ),
        (side("flask-threads"), side("aiohttp"), "gains nothing from its handler, which costs as much CPU time"),
        (
            side("flask", DEAR),
            LOOP,
            "At every wait aiohttp gains from the point where the 3 processes of flask are taken.",
        ),
        (
            side("flask-gevent", DEAR),
            LOOP,
            "At every wait up to 10 s aiohttp gains what its cheaper handler saves, 4.0 times with a wait of 1 ms, ",
        ),
        (
            side("flask-threads", DEAR, threads=8),
            side("flask-threads", DEAR, threads=64),
            "above, flask-threads gains from the point where the 8 threads of flask-threads are taken.",
        ),
        (
            side("aiohttp", DEAR, "blocking"),
            side("flask-threads", DEAR, "blocking"),
            "At every wait flask-threads gains from the point where the 1 event loop of aiohttp is taken.",
        ),
        (LOOP, LOOP, "Neither gains from waiting: aiohttp carries 1.0 times as much at every wait."),
        (
            side("flask-threads", DEAR, "query"),
            side("aiohttp", CHEAP, "query"),
            "Neither gains from waiting, because as many requests can wait in both (flask-threads: 10 connections in "
            "the database pool; aiohttp: 10 connections in the database pool).",
        ),
    ],
)
def test_the_rule_holds_for_other_pairs_of_services(first: Side, second: Side, told: str) -> None:
    assert told in " ".join(rule(Pair(first, second)))


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["flask", "flask-threads", "flask-gevent", "aiohttp"], ["flask-threads", "aiohttp"]),
        (["flask", "flask-gevent"], ["flask", "flask-gevent"]),
        (["flask", "django", "fastapi"], ["django", "fastapi"]),
        (["flask-gevent", "aiohttp"], None),
        (["flask", "flask-threads"], None),
    ],
)
def test_a_run_shows_a_blocking_and_a_non_blocking_service(names: list[str], chosen: list[str] | None) -> None:
    pair = differing(run(*(calibrated(name, CHEAP) for name in names)))
    assert (pair and pair.names) == chosen


def test_services_without_a_calibration_or_with_an_unknown_wait_are_not_shown() -> None:
    assert sides(run(calibrated("aiohttp", None), calibrated("flask", None))) == []
    mixed = replace(CHEAP, delay=WAIT)
    assert sides(run(calibrated("aiohttp", mixed, MIXED), scenario=MIXED)) == []


def test_memory_in_words_says_where_it_is_full_where_slots_end_it_and_where_it_is_unknown() -> None:
    grown = Growth(80 * MIB, MIB / 16)
    assert remembered([(THREADS, grown), (LOOP, grown)], 2**30) == (
        "Memory: flask-threads: 64 KiB for each request in flight, until its 32 slots are taken; aiohttp: 64 KiB for "
        "each request in flight, so that 1.0 GiB are enough for about 15,000."
    )
    assert remembered([(LOOP, None)], 2**30) == (
        "Memory: aiohttp: unknown, its memory hardly grew in what was measured."
    )


def test_a_calibration_that_other_processes_disturbed_is_doubted() -> None:
    disturbed = replace(DEAR, neighbours=0.3)
    assert Pair(THREADS, LOOP).doubt is None
    assert Pair(side("flask-threads", disturbed), LOOP).doubt == (
        "other processes took 30% of the cores during the calibration"
    )
