"""The calibration of a service: what its two windows say of a request, and a real one."""

import os
from dataclasses import asdict, replace
from typing import Any

import pytest

from loadtest.contenders.cores import halves
from loadtest.contenders.service import Service, lineup
from loadtest.generator.orders import Order
from loadtest.measure.calibration import BUSY, DELAY, calibrate
from loadtest.measure.comparison import Comparison
from loadtest.results.schema import Measured, Options, Step
from loadtest.workload.closed import Closed
from loadtest.workload.demand import Calibration
from tests.loadtest.support.fabricated import measured, options, service_times, use
from tests.support.stalls import TooLate, at_best, within

AIOHTTP = lineup(1)["aiohttp"]

NONE: Any = None
"""A stand-in for the driver and the clocks, which a fabricated measurement does not need."""


def alone(cpu: float = 0.001, waited: float = 0.011, **changes: Any) -> Measured:
    """Return the window of one user: 80 requests a second, each of which took `cpu` seconds of CPU time."""
    window = measured(1, 0.0125, server_cpu=80 * cpu, generator_cpu=80 * 0.0002)
    times = service_times(window.requests, waited=waited)
    return window.model_copy(update={"service_times": times, **changes})


def together(**changes: Any) -> Measured:
    """Return the window of all users: 2,500 requests a second."""
    known = {
        "server_cpu": 0.9,
        "generator_cpu": 0.3,
        "others_cpu": {"database": 0.25, "command": 0.1},
        "service_cores": use(0.9),
        "other_cores": use(0.65),
    }
    window = measured(BUSY, BUSY / 2500)
    return window.model_copy(update={"service_times": service_times(window.requests), **known, **changes})


class Found:
    """A calibration from two fabricated windows, and the orders that were given for them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.orders: list[Order] = []
        self._monkeypatch = monkeypatch

    def __call__(
        self, first: Measured, second: Measured, service: Service = AIOHTTP, asked: Options | None = None
    ) -> Calibration | None:
        windows = iter((first, second))

        def measure(_driver: object, _clocks: object, order: Order) -> Measured:
            self.orders.append(order)
            return next(windows)

        self._monkeypatch.setattr("loadtest.measure.calibration.measure", measure)
        return calibrate(service, asked or options(), NONE, NONE)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Found:
    return Found(monkeypatch)


def test_one_user_shows_the_turn_and_the_wait_and_many_show_the_cpu_time(found: Found) -> None:
    calibration = found(alone(), together())
    assert calibration
    assert asdict(calibration) == pytest.approx(
        {
            "cpu": 0.9 / 2500,
            "cpu_alone": 0.001,
            "beside": (0.3 + 0.25) / 2500,
            "turn": 0.0125,
            "waited": 0.011,
            "delay": DELAY,
            "neighbours": 0.0,
            "inside": 0.0,
        }
    )


@pytest.mark.parametrize(
    ("cpu", "waited", "expected"),
    [
        (0.001, 0.011, 0.011),
        (0.0013, 0.011, 0.011),  # all that is left of the turn, but for the load generator's 0.2 ms
        (0.002, 0.011, 0.0103),  # 0.7 ms of it fell into the wait
        (0.001, 0.0125, 0.0115),
        (0.001, 0.02, 0.019),  # clocks that differ
        (0.02, 0.011, 0.0),
    ],
)
def test_cpu_time_that_falls_into_the_wait_is_no_wait(cpu: float, waited: float, expected: float, found: Found) -> None:
    calibration = found(alone(cpu, waited), together())
    assert calibration
    assert calibration.waited == pytest.approx(expected)
    assert calibration.inside == pytest.approx(waited - expected)


@pytest.mark.parametrize(
    ("changes", "cores"),
    [
        ({}, 0.55),
        ({"other_cores": use(0.65, 2)}, 0.3),
        ({"other_cores": None}, 0.3),
        ({"others_cpu": {"command": 0.1}}, 0.3),
        ({"others_cpu": {"database": 0.25, "upstream": 0.05}}, 0.6),
    ],
)
def test_the_database_counts_beside_the_load_generator_only_if_they_share_one_core(
    changes: dict[str, Any], cores: float, found: Found
) -> None:
    calibration = found(alone(), together(**changes))
    assert calibration
    assert calibration.beside == pytest.approx(cores / 2500)


@pytest.mark.parametrize(("cores", "waited"), [(1, 0.0106), (2, 0.011)])
def test_the_database_s_time_on_the_load_generator_s_core_is_no_wait_either(
    cores: int, waited: float, found: Found
) -> None:
    first = alone(others_cpu={"database": 80 * 0.0004, "command": 0.2})
    calibration = found(first, together(other_cores=use(0.65, cores)))
    assert calibration
    assert calibration.waited == pytest.approx(waited)


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        ({"service_cores": use(0.38)}, {}, 0.3),
        ({}, {"other_cores": use(0.85)}, 0.2),
        ({"service_cores": use(0.38)}, {"service_cores": use(1.0), "other_cores": use(0.85)}, 0.3),
    ],
)
def test_the_worst_neighbour_of_both_windows_is_told(
    first: dict[str, Any], second: dict[str, Any], share: float, found: Found
) -> None:
    calibration = found(alone(**first), together(**second))
    assert calibration
    assert calibration.neighbours == pytest.approx(share)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"failures": 1}, {}),
        ({}, {"failures": 1}),
        ({"service_times": service_times(0)}, {}),
        ({"requests": 0, "service_times": service_times(0)}, {}),
        ({}, {"requests": 0}),
    ],
    ids=["alone failed", "together failed", "untold", "alone silent", "together silent"],
)
def test_a_calibration_with_a_failure_or_without_an_answer_is_none(
    first: dict[str, Any], second: dict[str, Any], found: Found
) -> None:
    assert found(alone(**first), together(**second)) is None


@pytest.mark.parametrize(
    ("scenario", "service", "wait", "users", "delay", "promised"),
    [
        ("delay", "aiohttp", 0.25, BUSY, DELAY, DELAY),
        ("delay", "aiohttp", 0.001, BUSY, 0.001, 0.001),
        ("fanout", "flask-threads", 0.25, BUSY, DELAY, 5 * DELAY),
        ("ask", "flask", 0.25, 1, DELAY, DELAY),
        ("cpu", "aiohttp", 0.02, BUSY, DELAY, DELAY),
        ("healthz", "aiohttp", 0.05, BUSY, DELAY, 0.0),
    ],
)
def test_a_short_wait_is_asked_of_one_user_and_of_as_many_as_do_not_deadlock(  # noqa: PLR0913, PLR0917 - a table of cases
    scenario: str, service: str, wait: float, users: int, delay: float, promised: float, found: Found
) -> None:
    calibration = found(alone(), together(), lineup(1)[service], options(scenario=scenario, wait=wait))
    assert calibration
    assert calibration.delay == pytest.approx(promised)
    assert [(order.load, order.delay) for order in found.orders] == [(Closed(1), delay), (Closed(users), delay)]


class Silent:
    """A receiver of progress that remembers what began."""

    def __init__(self) -> None:
        self.began: list[tuple[str, str, int]] = []

    def found(self, _sentence: str) -> None:
        raise AssertionError("a comparison finds nothing in words")

    def begins(self, service: str, what: str, repeat: int, _seconds: float) -> None:
        self.began.append((service, what, repeat))

    def ended(self, step: Step) -> None:
        pass


@pytest.fixture(scope="module")
@at_best()
def ran() -> tuple[Comparison, Silent]:
    """Run one step of aiohttp on cores of its own."""
    apart = halves()
    if not apart.apart:
        pytest.skip("needs two cores, and a system that binds processes to cores")
    asked = options(loads=[Closed(4)], delay="20ms", wait=0.02, seconds=0.5)
    comparison = Comparison([replace(AIOHTTP, cores=apart.usable)], asked, [], apart)
    progress = Silent()
    before = os.sched_getaffinity(0)
    comparison.run(progress)
    assert os.sched_getaffinity(0) == before
    (known,) = comparison.results(complete=True).contenders
    if known.calibration is None:
        raise TooLate("no request was answered")
    within(3 * DELAY, known.calibration.waited)
    within(5 * DELAY, known.calibration.turn)
    return comparison, progress


@pytest.mark.slow
@pytest.mark.measures
def test_a_real_service_is_calibrated_before_its_step(ran: tuple[Comparison, Silent]) -> None:
    comparison, progress = ran
    assert progress.began == [("aiohttp", "calibration", 1), ("aiohttp", "4 users", 1)]
    (known,) = comparison.results(complete=True).contenders
    told = known.calibration
    assert told
    assert told.delay == DELAY
    assert DELAY <= told.waited < 3 * DELAY
    assert 1e-5 < told.cpu < DELAY
    assert 1e-5 < told.beside < DELAY
    assert told.waited < told.turn < 5 * DELAY
    assert known.demand
    assert known.demand.calibrated
    assert known.demand.cpu
    assert known.demand.cpu.held == told.cpu


@pytest.mark.slow
@pytest.mark.measures
def test_a_real_step_is_predicted_from_the_calibration_and_all_its_clocks_are_read(
    ran: tuple[Comparison, Silent],
) -> None:
    comparison, _ = ran
    (known,) = comparison.results(complete=True).contenders
    (step,) = comparison.steps
    assert known.demand
    model = step.load.predict(known.demand)
    assert step.predicted
    assert (step.predicted.throughput, step.predicted.bound) == (model.throughput, model.bound)
    assert model.throughput < 4 / 0.02
    window = step.measured
    assert window
    assert window.service_cores
    assert window.other_cores
    assert window.service_cores.cores == len(halves().service)
    assert window.other_cores.cores == len(halves().others)
    assert 0 < window.service_cores.busy <= window.service_cores.cores
    assert 0 < window.other_cores.busy <= window.other_cores.cores
    assert window.others_cpu.keys() == {"command"}
    assert window.processes_cpu
    assert len(window.processes_cpu) == 1 + AIOHTTP.workers
    assert window.server_cpu == pytest.approx(sum(window.processes_cpu), abs=0.02)
    assert window.busiest_cpu == max(window.processes_cpu)
    assert window.died == 0
    assert window.switches
    assert window.switches.voluntary > 0
