"""Find what bound the throughput of a step: the users, a resource of the service, or a part of the measurement."""

from math import inf
from statistics import mean, pvariance

from loadtest.english import duration
from loadtest.results.schema import Contender, Measured, Predicted
from loadtest.workload import Load
from loadtest.workload.demand import ARRIVALS, BLOCKED, CPU, DEADLOCK, SLOTS, STANDSTILL, USERS, Demand
from loadtest.workload.open import Open
from loadtest.workload.scenarios import MIXED, POOLS

from .processors import NEIGHBOUR, NEIGHBOURS, beside_the_service, full_service, full_tool

SERVICE_BUSY = 0.5
"""Cores that a service must use before a busy machine counts as its limit, and not as disturbance by others."""

MACHINE_BUSY = 0.95
"""Share of all cores in use at which the machine counts as saturated, if load generator and service share them and so
compete for CPU time."""

QUEUES = 1.75
"""Minimum length of a window, in mean response times: almost two of them. It is less than 2 because the second
of the two responses may be shorter than the mean."""

THROTTLED = 0.01
"""Share of the window in which a CPU quota may hold back the processes."""

KEEPS_UP = 0.9
"""Share of the predicted throughput at which the prediction counts as met."""

GAVE_UP = "status 504"
"""Text that the error message of a long poll contains if it timed out without an answer."""

MIXED_WELL = 0.5
"""Share of the predicted maximum that the scenario `mixed` must reach. If all limits are equally tight and there are
just enough users to fill them, random queues cost up to half of the maximum (J. Zahorjan and others, "Balanced Job
Bound Analysis of Queueing Networks", 1982)."""

STUCK = 0.5
"""Share of the requests that may succeed in a deadlock: a request that times out frees its slot for answers."""

LATE = 0.05
"""Share by which waits must be longer than those of a single user to show bursts."""

DISPERSED = 5.0
"""Variance of the number of requests in a slice, divided by its mean, above which requests end in bursts. It is 1 if
they end independently of each other, and about 0 if they are evenly spread."""

SYNC_WORKER = "sync"
"""gunicorn's worker class that closes each connection after its response, so no connection stays with a process."""

UNEXPLAINED = "unexplained"
THE_MIX = "the mix"
OWN_LIMIT = "its own limit"
UNEVEN = "unevenly shared"
BURSTS = "bursts"
COSTLIER = "costlier requests"


def throughput(measured: Measured) -> float:
    """Return the successful requests per second."""
    return (measured.requests - measured.failures) / measured.seconds


def mean_response(measured: Measured) -> float:
    """Return the mean response time in seconds, or 0 without requests."""
    return measured.response_ms / measured.requests / 1000 if measured.requests else 0.0


def gave_up(measured: Measured) -> int:
    """Return the number of long polls that timed out."""
    return sum(count for kind, count in measured.errors.items() if GAVE_UP in kind)


def bound_by(load: Load, predicted: Predicted | None, measured: Measured, contender: Contender, scenario: str) -> str:
    """Return what bound the throughput.

    It is USERS, ARRIVALS, DEADLOCK, BLOCKED, the predicted limit, a limit that is unevenly shared, CPU, BURSTS,
    COSTLIER, THE_MIX, OWN_LIMIT or UNEXPLAINED, or what limited the measurement: GENERATOR, DATABASE, UPSTREAM or
    NEIGHBOURS.
    """
    if predicted is not None and _stands_still(predicted, measured):
        return predicted.bound
    if tool := full_tool(measured):
        return tool
    met = predicted is not None and throughput(measured) >= KEEPS_UP * predicted.throughput
    grows = met and not contender.ours  # what is not written in Python may use more than the one core that is busy
    if not grows and (full_service(measured) or _crowded_out(measured) or throttled(measured)):
        return CPU
    if predicted is None:
        return ARRIVALS if isinstance(load, Open) else USERS
    if predicted.bound in STANDSTILL:
        return UNEXPLAINED
    return predicted.bound if met else _falls_short(load, predicted, measured, contender, scenario)


def _stands_still(predicted: Predicted, measured: Measured) -> bool:
    """Return True if a service stands still as predicted, which more CPU time for whatever part would not change."""
    if predicted.bound == DEADLOCK:
        return gave_up(measured) >= (1 - STUCK) * measured.requests
    return predicted.bound == BLOCKED and measured.requests == measured.failures


def _falls_short(load: Load, predicted: Predicted, measured: Measured, contender: Contender, scenario: str) -> str:
    ratio = throughput(measured) / predicted.throughput
    if contender.demand is None:
        return OWN_LIMIT
    if scenario == MIXED and ratio >= MIXED_WELL:
        return THE_MIX  # requests hold different resources, so the throughput stays below the limit of each
    if service_neighboured(measured):
        return NEIGHBOURS
    return (
        uneven(load, ratio, measured, contender)
        or _bursts(load, measured, contender.demand)
        or _costlier(load, predicted, measured, contender)
        or UNEXPLAINED
    )


def uneven(load: Load, ratio: float, measured: Measured, contender: Contender) -> str | None:
    """Name the resource that was free in one process while users queued for it in another.

    The reason is that each connection stays with one process. Return None if this does not explain a throughput of
    `ratio` times the prediction.
    """
    if contender.demand is None or not contender.processes or not measured.connections:
        return None
    if SYNC_WORKER in contender.command:
        return None
    for limit in contender.demand.limits:
        if limit.name == CPU:  # processes may share the cores
            continue
        each = limit.capacity // contender.processes
        usable = sum(min(count, each) for count in measured.connections)
        clients = sum(measured.connections) if isinstance(load, Open) else load.most_in_flight
        wanted = min(clients, limit.capacity)
        if usable < wanted and ratio >= KEEPS_UP * usable / wanted:
            most = max(measured.connections)
            what = "connections" if limit.name in POOLS else limit.name
            whose = f"{clients} {'clients' if isinstance(load, Open) else load.unit}"
            held = f"{most} of {whose} and {each} of {limit.capacity} {what}"
            return f"{limit.name}, {UNEVEN} (one process had {held})"
    return None


def _bursts(load: Load, measured: Measured, demand: Demand) -> str | None:
    """Name bursts: waits end together, and the requests then queue for the CPU of the service and of the users.

    The service sees that as longer waits than one user has, or requests end in clusters. The more requests are in
    flight, the more can queue: if all of them do, a turn is longer by the CPU time of all others. Return None if even
    that does not explain the throughput, or if a longer wait may be one for a pool or for another request.
    """
    times, cpu = measured.service_times, demand.cpu
    if not demand.calibrated or cpu is None or not times.requests:
        return None
    if demand.patience is not None or any(limit.name not in (SLOTS, CPU) for limit in demand.limits):
        return None
    wait = (times.waited_ms + times.received_ms) / times.requests / 1000
    together = min(load.most_in_flight, demand.slots.capacity if demand.slots else inf)
    think = load.conditions.get("think", 0.0) if together == load.most_in_flight else 0.0
    behind = (together - 1) * (cpu.held / cpu.capacity + demand.beside)
    if throughput(measured) < KEEPS_UP * together / (demand.alone + think + behind):
        return None
    if wait >= (1 + LATE) * (demand.wait + demand.late):
        told = f"waits took {duration(wait * 1000)}, alone {duration((demand.wait + demand.late) * 1000)}"
    elif (peak := _peak(measured)) is not None:
        told = f"in one slice of the window {peak:.1f} times as many requests ended as on average"
    else:
        return None
    if switched := measured.switches:
        told += f"; {(switched.voluntary + switched.involuntary) / measured.requests:.1f} context switches per request"
    return f"{BURSTS} ({told})"


def _peak(measured: Measured) -> float | None:
    """Return the highest rate of the window's slices as a multiple of the mean rate, if requests ended in bursts."""
    rates = [each.requests / each.seconds for each in measured.course or []]
    if len(rates) < 2 or not any(rates):
        return None
    typical = mean(each.requests for each in measured.course or [])
    dispersion = typical * pvariance(rates) / mean(rates) ** 2  # variance / mean of the number of requests in a slice
    return max(rates) / mean(rates) if dispersion > DISPERSED else None


def _costlier(load: Load, predicted: Predicted, measured: Measured, contender: Contender) -> str | None:
    """Name costlier requests: they needed more CPU time than at the calibration, because of the load or of the machine.

    A host that is shared makes a machine slower without taking its cores away, and then all computing takes longer.
    Return None if that does not explain the throughput.
    """
    demand, calibration = contender.demand, contender.calibration
    if demand is None or (cpu := demand.cpu) is None or calibration is None:
        return None
    if not (measured.server_cpu and measured.requests):
        return None
    # a request that finds an idle core costs more: predictions by the users include that, those by a limit do not
    idle = max(0.0, 1 - measured.server_cpu / cpu.capacity) if predicted.bound == USERS else 0.0
    expected = cpu.held + max(0.0, calibration.cpu_alone - calibration.cpu) * idle
    cost = measured.server_cpu * measured.seconds / measured.requests
    if cost <= expected:
        return None
    beside = measured.generator_cpu * measured.seconds / measured.requests
    slower = demand.slower(cost / expected, max(1.0, beside / demand.beside) if demand.beside else 1.0)
    if throughput(measured) < KEEPS_UP * load.predict(slower).throughput:
        return None
    return f"{COSTLIER} ({cost * 1e6:.0f} µs of CPU time each, {expected * 1e6:.0f} µs by the calibration)"


def _crowded_out(measured: Measured) -> bool:
    """Return True if a service that shares its cores had to compete for them, and used many of them itself."""
    shared = measured.service_cores is None
    return shared and measured.machine_cpu >= MACHINE_BUSY and (measured.server_cpu or 0.0) >= SERVICE_BUSY


def service_neighboured(measured: Measured) -> bool:
    """Return True if processes outside the run took more of the service's cores than a step can do without."""
    use = measured.service_cores
    return use is not None and beside_the_service(measured) > NEIGHBOUR * use.cores


def throttled(measured: Measured) -> bool:
    """Return True if a CPU quota held the processes back for more than a small part of the window."""
    return (measured.throttled or 0.0) > THROTTLED * measured.seconds
