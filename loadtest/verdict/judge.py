"""Judge steps (one service under one load): whether the figures can be trusted, and what limited the throughput.

All thresholds are here or in the load's own module.
"""

from dataclasses import dataclass
from statistics import mean

from loadtest.english import count, duration
from loadtest.results.schema import Contender, Measured, Predicted
from loadtest.workload import Load
from loadtest.workload.demand import BLOCKED, DEADLOCK, USERS
from loadtest.workload.scenarios import CORES, MIXED, POOLS

GENERATOR_BUSY = 0.9
"""CPU use, in cores, at which the load generator is saturated and measures itself: its one thread can use 1.0."""

PROCESS_BUSY = 0.9
"""CPU use of one server process, in cores, that counts as bound by the CPU: Python runs one thread at a time."""

SERVICE_BUSY = 0.5
"""Cores that a service must use before a busy machine counts as its limit, and not as disturbance by others."""

MACHINE_BUSY = 0.95
"""Share of all cores in use at which the machine counts as saturated: load generator and service then compete for CPU
time."""

STOLEN = 0.05
"""Share of the cores that other virtual machines on the host may take."""

THROTTLED = 0.01
"""Share of the window in which a CPU quota may hold back the processes."""

ERRORS = 0.01
"""Share of requests that may fail."""

QUEUES = 1.75
"""Minimum length of a window, in mean response times: almost two of them. It is less than 2 because the second
of the two responses may be shorter than the mean."""

KEEPS_UP = 0.9
"""Share of the predicted throughput at which the prediction counts as met."""

IMPOSSIBLE = 1.05
"""Share of the predicted throughput above which the measurement itself must be wrong."""

FEWEST = 10
"""Requests that a window must contain: the median needs at least as many."""

ENDS = 6
"""Slices at each end of a window that are compared to find a drift; those between are left out, so that even a slow
drift shows."""

EACH = 5
"""Requests that each of these slices must contain; otherwise no drift is looked for."""

DRIFT = 0.25
"""Difference between the two ends, as a share of their mean, that counts as a drift. Every slice of one end must also
exceed every slice of the other, which by chance happens in 1 of 462 steady windows."""

GAVE_UP = "status 504"
"""Text that the error message of a long poll contains if it timed out without an answer."""

MIXED_WELL = 0.5
"""Share of the predicted maximum that the scenario `mixed` must reach. If all limits are equally tight and there are
just enough users to fill them, random queues cost up to half of the maximum (J. Zahorjan and others, "Balanced Job
Bound Analysis of Queueing Networks", 1982)."""

STUCK = 0.5
"""Share of the requests that may succeed in a deadlock: a request that times out frees its slot for answers."""

DISTURBS = 0.05
"""CPU time of the load generator, as a share of the service's, that counts as a disturbance on a saturated machine."""

UNEXPLAINED = "unexplained"
THE_MIX = "the mix"
OWN_LIMIT = "its own limit"
UNEVEN = "unevenly shared"

SYNC_WORKER = "sync"
"""gunicorn's worker class that closes each connection after its response, so no connection stays with a process."""


@dataclass(frozen=True)
class Judgement:
    """The limit that bound a step, and the reasons why the step is inconclusive (none: it is trusted)."""

    bound: str
    doubts: list[str]


def throughput(measured: Measured) -> float:
    """Return the successful requests per second."""
    return (measured.requests - measured.failures) / measured.seconds


def mean_response(measured: Measured) -> float:
    """Return the mean response time in seconds, or 0 without requests."""
    return measured.response_ms / measured.requests / 1000 if measured.requests else 0.0


def gave_up(measured: Measured) -> int:
    """Return the number of long polls that timed out."""
    return sum(count for kind, count in measured.errors.items() if GAVE_UP in kind)


def judge(
    load: Load, predicted: Predicted | None, measured: Measured, contender: Contender, scenario: str
) -> Judgement:
    """Check one step against the model and against known faults of measurements.

    For a service without a model, `predicted` is extrapolated from its first step, or None.
    """
    bound = bound_by(load, predicted, measured, contender, scenario)
    stuck = contender.slots if bound == DEADLOCK else None
    if bound == BLOCKED:
        return Judgement(bound, _tools(measured))  # no request succeeds, as predicted: there is nothing else to check
    doubts = [*_tools(measured), *_requests(load, measured, stuck), *_drift(measured)]
    if predicted is not None and contender.demand is not None:
        doubts += _model(bound, predicted, measured)
    return Judgement(bound, doubts)


def bound_by(load: Load, predicted: Predicted | None, measured: Measured, contender: Contender, scenario: str) -> str:
    """Return what bound the throughput.

    It is USERS, DEADLOCK, BLOCKED, the predicted limit, a limit that is unevenly shared, `CPU`, `generator`, THE_MIX,
    OWN_LIMIT or UNEXPLAINED.
    """
    if measured.generator_cpu >= GENERATOR_BUSY:
        return "generator"
    crowded_out = measured.machine_cpu >= MACHINE_BUSY and (measured.server_cpu or 0.0) >= SERVICE_BUSY
    if (measured.busiest_cpu or 0.0) >= PROCESS_BUSY or crowded_out or _throttled(measured):
        return "CPU"
    if predicted is None:
        return USERS
    if predicted.bound == BLOCKED:
        return UNEXPLAINED if measured.requests > measured.failures else BLOCKED
    if predicted.bound == DEADLOCK:
        return DEADLOCK if gave_up(measured) >= (1 - STUCK) * measured.requests else UNEXPLAINED
    ratio = throughput(measured) / predicted.throughput
    return predicted.bound if ratio >= KEEPS_UP else _falls_short(load, ratio, measured, contender, scenario)


def _falls_short(load: Load, ratio: float, measured: Measured, contender: Contender, scenario: str) -> str:
    if contender.demand is None:
        return OWN_LIMIT
    if scenario == MIXED and ratio >= MIXED_WELL:
        return THE_MIX  # requests hold different resources, so the throughput stays below the limit of each
    return _uneven(load, ratio, measured, contender) or UNEXPLAINED


def _uneven(load: Load, ratio: float, measured: Measured, contender: Contender) -> str | None:
    """Name the resource that was free in one process while users queued for it in another.

    The reason is that each connection stays with one process. Return None if this does not explain a throughput of
    `ratio` times the prediction.
    """
    if contender.demand is None or not contender.processes or not measured.connections:
        return None
    if SYNC_WORKER in contender.command:
        return None
    for limit in contender.demand.limits:
        if limit.name == CORES:  # processes share the cores
            continue
        each = limit.capacity // contender.processes
        usable = sum(min(count, each) for count in measured.connections)
        wanted = min(load.most_in_flight, limit.capacity)
        if usable < wanted and ratio >= KEEPS_UP * usable / wanted:
            most = max(measured.connections)
            what = "connections" if limit.name in POOLS else limit.name
            held = f"{most} of {load.amount} {load.unit} and {each} of {limit.capacity} {what}"
            return f"{limit.name}, {UNEVEN} (one process had {held})"
    return None


def _throttled(measured: Measured) -> bool:
    return (measured.throttled or 0.0) > THROTTLED * measured.seconds


def _tools(measured: Measured) -> list[str]:
    doubts = []
    if measured.generator_cpu >= GENERATOR_BUSY:
        doubts.append(f"the load generator was saturated ({measured.generator_cpu:.0%} of a core)")
    if measured.machine_cpu >= MACHINE_BUSY and measured.generator_cpu >= DISTURBS * (measured.server_cpu or 0.0):
        doubts.append(f"the machine was saturated ({measured.machine_cpu:.0%} of all cores)")
    if measured.stolen_cpu > STOLEN:
        doubts.append(f"other virtual machines on the host took {measured.stolen_cpu:.0%} of the CPU")
    if _throttled(measured):
        doubts.append(f"a CPU quota held the processes back for {measured.throttled:.2f} s in the window")
    if measured.died:
        doubts.append(f"{count(measured.died, 'service process', 'service processes')} died during the window")
    return doubts


def _requests(load: Load, measured: Measured, stuck: int | None) -> list[str]:
    """List the faults of the requests. `stuck`: the number of slots in a deadlock, or None without one."""
    doubts = []
    if measured.requests < FEWEST:
        doubts.append(f"only {count(measured.requests, 'request')} completed in the window ({FEWEST} needed)")
    unexpected = measured.failures - (0 if stuck is None else gave_up(measured))
    if unexpected > ERRORS * measured.requests:
        doubts.append(f"{unexpected} of {measured.requests} requests failed")
    if measured.resent and measured.resent > ERRORS * measured.requests:
        times = count(measured.resent, "time")
        doubts.append(f"requests were sent again {times}, because the service closed the connection unanswered")
    if measured.unfinished:
        doubts.append(f"{count(measured.unfinished, 'request')} hung for the whole window")
    response = mean_response(measured)
    if measured.seconds < QUEUES * response:
        doubts.append(f"the window ({measured.seconds:.1f} s) is too short for response times of {response:.1f} s")
    cut = stuck or 1  # requests in a deadlock time out together, so an edge of the window may cut all of them
    contradiction = load.contradiction(measured.requests / measured.seconds, response, measured.seconds, cut)
    return doubts if contradiction is None else [*doubts, contradiction]


def _drift(measured: Measured) -> list[str]:
    """Return how response time, or else the rate of requests, differs between the ends of the window, if it drifts."""
    course = measured.course or []
    first, last = course[:ENDS], course[-ENDS:]
    if len(course) < 2 * ENDS or any(each.requests < EACH for each in (*first, *last)):
        return []
    responses = [[each.response_ms / each.requests for each in end] for end in (first, last)]
    if _apart(*responses):
        before, after = (duration(mean(end)) for end in responses)
        return [f"not steady: the mean response time went from {before} to {after} during the window"]
    rates = [[each.requests / each.seconds for each in end] for end in (first, last)]
    if _apart(*rates):
        before, after = (f"{mean(end):.1f}/s" for end in rates)
        return [f"not steady: the rate of requests went from {before} to {after} during the window"]
    return []


def _apart(first: list[float], last: list[float]) -> bool:
    """Return True if the ends differ by more than DRIFT, and every figure of one exceeds every figure of the other."""
    disjoint = max(first) < min(last) or max(last) < min(first)
    return disjoint and abs(mean(last) - mean(first)) > DRIFT * mean([*first, *last])


def _model(bound: str, predicted: Predicted, measured: Measured) -> list[str]:
    if predicted.bound == BLOCKED:
        return [f"the slow clients left room for {count(measured.requests, 'request')}, and none was predicted"]
    if predicted.bound == DEADLOCK:
        told = f"the predicted deadlock did not occur ({measured.failures} of {measured.requests} requests failed)"
        return [told] if bound == UNEXPLAINED else []
    ratio = throughput(measured) / predicted.throughput
    if ratio > IMPOSSIBLE:
        return [f"throughput is {ratio:.2f} times the predicted maximum"]
    if bound == UNEXPLAINED:
        return [
            f"throughput is {ratio:.2f} times the prediction, and no measured figure explains why "
            f"(the machine was {measured.machine_cpu:.0%} busy)"
        ]
    return []
