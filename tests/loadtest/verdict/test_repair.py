from dataclasses import replace

import pytest

from loadtest.contenders.target import Pool
from loadtest.results.stalls import BLOCKING, BURST, COMPUTING, GARBAGE, LOCKED, Kind, Repair
from loadtest.verdict.handover import PROCESS_HANDOFF, THREAD_HANDOFF
from loadtest.verdict.observed import Cold, Fault, Observed
from loadtest.verdict.repair import AS_IS, AWAITED, PROCESSES, THREAD, UNPREDICTED, measured_beside, repairs

POOLS = (Pool("upstream", 16, 0.04),)

COLD = Cold(4.0, 0.002, 1e-4)

CALL = Observed(0.042, 0.002, pools=POOLS, faults=(Fault(BLOCKING, 0.041, 0.001),), cold=COLD)
"""A client that blocks 40 ms and computes 1 ms, in a service that computes 1 ms beside it, on one core."""

TWO = Observed(0.082, 0.003, faults=(Fault(BLOCKING, 0.04, 0.0), Fault(BLOCKING, 0.04, 0.0)), cold=COLD)
HASH = Observed(0.031, 0.031, cores=2, faults=(Fault(COMPUTING, 0.03, 0.03, releases_lock=True),))
"""Hashing of 30 ms, in a service that computes 1 ms beside it, with two cores for its one process."""

PYTHON = replace(HASH, faults=(Fault(COMPUTING, 0.03, 0.03),))
REGEX = replace(HASH, faults=(Fault(LOCKED, 0.03, 0.03),))

AT_32 = 32 / (0.04 + 0.001 / COLD.factor + THREAD_HANDOFF)


def of(observed: Observed, way: str, finding: int | None = 0) -> Repair:
    (found,) = [each for each in repairs(observed) if (each.finding, each.way) == (finding, way)]
    return found


@pytest.mark.parametrize(
    ("observed", "rate", "bound"),
    [
        (CALL, 1 / 0.042, "the event loop"),
        (HASH, 1 / 0.031, "the event loop"),
        (replace(HASH, cores=1, processes=2), 1 / 0.062, "the CPU"),  # two processes on one core
        (replace(HASH, cores=0.5), 1 / 0.062, "the CPU"),  # a quota
        (Observed(0.001, 0.004, cores=2), 1 / 0.004, "the interpreter's lock"),  # threads that compute already
    ],
)
def test_a_service_as_it_is_serves_what_its_loop_or_its_cpu_time_allows(
    observed: Observed, rate: float, bound: str
) -> None:
    found = of(observed, AS_IS, None)
    assert found.bound == bound
    assert found.predicted == pytest.approx(rate)


@pytest.mark.parametrize(
    ("observed", "way", "rate", "bound"),
    [
        (CALL, THREAD, AT_32, "the threads"),
        (replace(CALL, threads=4), THREAD, AT_32 / 8, "the threads"),
        # 2 ms of CPU time on a core that idled, and the hand-over: what it is on a busy one is uncertain
        (replace(CALL, threads=100), THREAD, 1 / 0.0021, "the CPU"),
        (CALL, AWAITED, 16 / 0.04, "the upstream pool"),
        (replace(CALL, processes=2), AWAITED, 8 / 0.04, "the upstream pool"),
        (replace(CALL, pools=()), AWAITED, 1 / 0.002, "the event loop"),
        (HASH, THREAD, 2 / (0.031 + THREAD_HANDOFF), "the CPU"),
        (replace(HASH, cores=1), THREAD, 1 / (0.031 + THREAD_HANDOFF), "the CPU"),
        (replace(HASH, cores=64), THREAD, 1 / (0.001 + THREAD_HANDOFF), "the event loop"),
        (HASH, PROCESSES, 2 / (0.031 + PROCESS_HANDOFF), "the CPU"),
        (PYTHON, THREAD, 1 / (0.031 + THREAD_HANDOFF), "the interpreter's lock"),
        (PYTHON, PROCESSES, 2 / (0.031 + PROCESS_HANDOFF), "the CPU"),
        (REGEX, THREAD, 1 / (0.031 + THREAD_HANDOFF), "the interpreter's lock"),
        (replace(REGEX, processes=2), PROCESSES, 1 / (0.031 + PROCESS_HANDOFF), "the CPU"),
        # one of two calls: the loop is held by the other one, and idles as before
        (TWO, THREAD, 1 / (0.042 + THREAD_HANDOFF), "the event loop"),
        (TWO, AWAITED, 1 / 0.042, "the event loop"),
    ],
)
def test_a_repair_brings_what_the_tightest_limit_allows(observed: Observed, way: str, rate: float, bound: str) -> None:
    found = of(observed, way)
    assert found.bound == bound
    assert found.predicted == pytest.approx(rate)


def test_blocking_calls_are_also_repaired_all_at_once() -> None:
    threads = of(TWO, THREAD, None)
    assert threads.predicted == pytest.approx(32 / (0.08 + 2 * THREAD_HANDOFF))
    assert threads.assumes.startswith("All 2 blocking calls are repaired: 32 threads, each held 40 ms; ")
    assert of(TWO, AWAITED, None).predicted == pytest.approx(1 / 0.003)
    assert [each.finding for each in repairs(CALL)] == [None, 0, 0]


@pytest.mark.parametrize("kind", [BURST, GARBAGE])
def test_no_rate_is_predicted_for_a_burst_and_for_garbage_collection(kind: Kind) -> None:
    found = repairs(Observed(0.02, 0.02, faults=(Fault(kind, 0.01, 0.01),)))
    assert [each.way for each in found] == [AS_IS]
    assert "not predicted" in UNPREDICTED[kind]


def test_a_call_that_some_requests_make_holds_a_thread_for_its_own_time() -> None:
    seldom = Observed(0.021, 0.001, faults=(Fault(BLOCKING, 0.02, 0.0, calls=0.5),), cold=COLD)
    found = of(seldom, THREAD)
    assert found.predicted == pytest.approx(32 / (0.02 + 0.5 * THREAD_HANDOFF))
    assert "32 threads, each held 40 ms; a hand-over costs 0.10 ms" in found.assumes


def test_a_rate_that_needs_less_cpu_time_than_was_measured_says_so() -> None:
    heavy = Observed(0.045, 0.005, faults=(Fault(BLOCKING, 0.041, 0.001),), threads=10, cold=COLD)
    assert of(heavy, THREAD).assumes == (
        "10 threads, each held 41 ms; a hand-over costs 0.10 ms; a request computes 3.00 ms once the cores are busy, "
        "instead of 5.00 ms (otherwise 196/s)."
    )
    assert (
        "that is the least, with the 5.00 ms that a request computed on cores that idled" in of(heavy, AWAITED).assumes
    )
    assert "otherwise" not in of(CALL, AWAITED).assumes  # its pool is the limit either way


@pytest.mark.parametrize(
    ("observed", "way", "said"),
    [
        (CALL, AWAITED, "What is awaited computes 0.25 ms a request; the upstream pool has 16 connections, each held"),
        (replace(CALL, pools=()), AWAITED, "no pool limits it"),
        (HASH, THREAD, "The call releases the interpreter's lock, and computes: each process has 2 cores"),
        (PYTHON, THREAD, "other requests wait for turns of 5 ms instead of 30 ms"),
        (Observed(0.01, 0.01, faults=(Fault(COMPUTING, 0.004, 0.004),)), THREAD, "interpreter's lock; a hand-over"),
        (REGEX, THREAD, "keeps the interpreter's lock, and other requests wait for all of it"),
        (replace(HASH, cores=4, processes=2), PROCESSES, "A pool of 2 processes for each process of the service"),
    ],
)
def test_each_repair_says_what_it_assumes(observed: Observed, way: str, said: str) -> None:
    assert said in of(observed, way).assumes


def test_a_request_that_takes_nothing_has_no_rate() -> None:
    with pytest.raises(ValueError, match="neither holds the event loop nor costs CPU time"):
        repairs(Observed(0.0, 0.0))


def test_a_measured_variant_stands_beside_the_prediction_for_its_way() -> None:
    found = measured_beside(repairs(CALL), AWAITED, 360.0)
    assert [(each.way, each.measured) for each in found] == [(AS_IS, None), (THREAD, None), (AWAITED, 360.0)]


def test_a_variant_of_several_blocking_calls_is_held_against_all_repairs_together() -> None:
    two = replace(CALL, faults=CALL.faults * 2, loop=2 * CALL.loop)
    found = [each for each in measured_beside(repairs(two), THREAD, 360.0) if each.measured]
    assert [(each.finding, each.way) for each in found] == [(None, THREAD)]


def test_a_variant_of_another_way_is_held_against_nothing() -> None:
    assert not any(each.measured for each in measured_beside(repairs(CALL), PROCESSES, 50.0))
