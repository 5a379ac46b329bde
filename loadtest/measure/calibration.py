"""Calibrate the model: measure what a request costs a service, before the steps that are predicted from it."""

from loadtest.contenders.service import Service
from loadtest.generator.driver import Driver
from loadtest.generator.orders import Order
from loadtest.results.schema import Measured, Options
from loadtest.verdict.processors import neighbours_share
from loadtest.workload import scenarios
from loadtest.workload.closed import Closed
from loadtest.workload.demand import Calibration

from .clocks import COMMAND, Clocks, measure

DELAY = 0.005
"""The longest delay, in seconds, of a request during the calibration: longer waits cost no more CPU time."""

BUSY = 64
"""Users who keep the service as busy as its slots allow, so that requests seldom find an idle core."""

ALONE = (0.2, 0.4)
TOGETHER = (0.4, 0.5)
"""Seconds of warm-up and window, with one user and with all of them. A new server is slower in its first second."""

PATIENCE = 5.0
"""Seconds to wait for the completed request that opens or closes a window."""

SECONDS = sum(ALONE) + sum(TOGETHER)
"""Seconds that a calibration takes."""


def calibrate(service: Service, options: Options, driver: Driver, clocks: Clocks) -> Calibration | None:
    """Measure the scenario with one user and with BUSY users. None if a request or a process failed.

    Users do not think. Requests that wait for another request have one user, because more could deadlock.
    """
    delay = min(options.wait, DELAY)
    alone = measure(driver, clocks, Order(Closed(1), *ALONE, PATIENCE, delay))
    busy = Closed(1 if scenarios.patience_needed(options.scenario) else BUSY)
    together = measure(driver, clocks, Order(busy, *TOGETHER, PATIENCE, delay))
    times = alone.service_times
    failed = alone.failures or together.failures or alone.died or together.died
    if failed or not (times.requests and together.requests and together.server_cpu):
        return None
    turn = alone.seconds / alone.requests
    waited = (times.waited_ms + times.received_ms) / times.requests / 1000
    # a part of the service's CPU time falls into the wait, such as that of a database's driver
    inside = max(
        0.0, _each(alone, alone.server_cpu) - max(0.0, turn - waited - _each(alone, alone.working_generator_cpu))
    )
    shared = together.other_cores is not None and together.other_cores.cores == 1  # by generator, database and upstream
    if shared:
        inside += _each(alone, _behind(alone))
    return Calibration(
        cpu=_each(together, together.server_cpu),
        cpu_alone=_each(alone, alone.server_cpu),
        beside=_each(together, together.working_generator_cpu + (_behind(together) if shared else 0.0)),
        turn=turn,
        waited=max(0.0, waited - inside),
        delay=scenarios.asked_for(options.scenario, service, delay),
        neighbours=max(map(neighbours_share, (alone, together))),
        inside=min(inside, waited),
    )


def _behind(measured: Measured) -> float:
    """Return the cores that the database and the upstream used."""
    return sum(cores for name, cores in measured.others_cpu.items() if name != COMMAND)


def _each(measured: Measured, cores: float | None) -> float:
    """Return the CPU seconds of one request of a window in which `cores` cores were used."""
    return (cores or 0.0) * measured.seconds / measured.requests
