"""Tests of a run whose requests arrive at a rate."""

import subprocess
from itertools import takewhile
from typing import NamedTuple

import pytest

from loadtest.results.arrivals import Arrived
from loadtest.results.schema import Results, Step
from loadtest.verdict.forecast import forecast
from loadtest.workload.open import Open
from tests.loadtest.support.comparisons import ONE_WORKER, compare, written
from tests.support.stalls import TooLate, at_best

pytestmark = [pytest.mark.slow, pytest.mark.measures]

TWO_SLOTS = "flask:workers=2"
"""Serves 40 requests of 50 ms per second."""


class Ran(NamedTuple):
    """A run of two services: its exit status, output and results."""

    status: int
    out: str
    err: str
    results: Results

    def step(self, name: str, rate: float) -> Step:
        (found,) = (step for step in self.results.steps if (step.service, step.load.amount) == (name, rate))
        return found


@pytest.fixture(scope="module")
@at_best()
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    out = tmp_path_factory.mktemp("results")
    load = ("--rate", "60,20", "--arrivals", "even", "--patience", "2s", "--deadline", "100ms", "--delay", "50ms")
    command = compare(out, "--services", f"{TWO_SLOTS},{ONE_WORKER}", *load)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = Ran(done.returncode, done.stdout, done.stderr, written(out))
    if arrived(found.step(ONE_WORKER, 60)).lost:
        raise TooLate("clients gave up")
    return found


def test_a_run_of_arrivals_ends_with_a_verdict_unless_a_row_is_inconclusive(ran: Ran) -> None:
    assert ran.err == ""
    assert ran.results.complete
    assert ran.status == (2 if any(step.doubts for step in ran.results.steps) else 0)
    loads = [Open(20, "even", patience=2.0), Open(60, "even", patience=2.0)]
    assert (ran.results.options.loads, ran.results.options.deadlines) == (loads, [0.1])
    assert [(step.service, step.load) for step in ran.results.steps] == [
        *((TWO_SLOTS, load) for load in loads),
        *((ONE_WORKER, load) for load in loads),
    ]


def arrived(step: Step) -> Arrived:
    """Return the measured arrivals of a step, and check them against its schedule."""
    assert step.measured
    found = step.measured.arrivals
    assert found
    assert isinstance(step.load, Open)
    starts = [*takewhile(lambda start: start < step.warmup + step.window, step.load.schedule(step.repeat))]
    assert found.offered == sum(start >= step.warmup for start in starts)
    assert sum(step.measured.latency.values()) + found.lost == found.offered
    assert min(step.measured.latency) >= 50 * 0.995
    assert found.early == 0
    return found


@pytest.mark.parametrize("rate", [20, 60])
def test_every_service_gets_the_same_arrivals(ran: Ran, rate: float) -> None:
    assert arrived(ran.step(TWO_SLOTS, rate)).offered == arrived(ran.step(ONE_WORKER, rate)).offered


@pytest.mark.parametrize(
    ("name", "rate", "diverges"), [(TWO_SLOTS, 20, False), (TWO_SLOTS, 60, True), (ONE_WORKER, 60, False)]
)
def test_the_arrivals_of_a_step_are_predicted_by_a_replay_of_its_schedule(
    ran: Ran, name: str, rate: float, diverges: bool
) -> None:
    step = ran.step(name, rate)
    (demand,) = (each.demand for each in ran.results.contenders if each.name == name)
    assert demand
    assert isinstance(step.load, Open)
    found, served = forecast(step.load.schedule(1), step.load, demand, (step.warmup, step.window))
    assert step.predicted
    assert (step.predicted.arrivals, step.predicted.throughput) == (found, served)
    assert found.diverges == diverges


def test_a_service_with_two_slots_has_a_backlog_of_what_one_without_slots_serves(ran: Ran) -> None:
    quick, slow = ran.step(ONE_WORKER, 60), ran.step(TWO_SLOTS, 60)
    assert arrived(quick).lost == 0
    assert arrived(slow).slope > 10  # 20 a second are not served
    assert arrived(slow).in_flight > 2 * arrived(quick).in_flight
    assert quick.measured
    assert slow.measured
    assert quick.measured.good[0] > slow.measured.good[0] == 0  # of the warm-up alone ten requests wait for a slot
