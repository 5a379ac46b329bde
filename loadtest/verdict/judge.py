"""Judge steps (one service under one load): whether the figures can be trusted, and what limited the throughput.

All thresholds are here, in bounds.py and processors.py, or in the load's own module.
"""

from dataclasses import dataclass
from math import inf
from statistics import mean

from loadtest.english import count, duration
from loadtest.results.schema import Contender, CoreUse, Measured, Predicted
from loadtest.workload import Load
from loadtest.workload.demand import BLOCKED, DEADLOCK, GENERATOR, Demand
from loadtest.workload.open import Open
from loadtest.workload.scenarios import MIXED

from . import arrivals, generators, turns
from .bounds import (
    BURSTS,
    MACHINE_BUSY,
    QUEUES,
    UNEVEN,
    UNEXPLAINED,
    bound_by,
    gave_up,
    mean_response,
    service_neighboured,
    throttled,
    throughput,
)
from .doubts import FULL, GENERATOR_FULL, OFF, OTHER_MACHINES, QUOTA, SATURATED, UNSTEADY
from .processors import (
    GENERATOR_BUSY,
    NEIGHBOUR,
    NEIGHBOURS,
    beside_the_others,
    beside_the_service,
    capacity,
    full_tool,
)

STOLEN = 0.05
"""Share of the cores that other virtual machines on the host may take."""

ERRORS = 0.01
"""Share of requests that may fail."""

IMPOSSIBLE = 1.05
"""Share of the throughput that waits and limits allow above which the measurement itself must be wrong."""

BEYOND = 1.15
"""Share of a calibrated prediction above which the calibration does not hold. The CPU time of one kind of request
differs by up to 10 % between loads, most on many threads."""

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

DISTURBS = 0.05
"""CPU time of the load generator, as a share of the service's, that counts as a disturbance on a saturated machine."""


@dataclass(frozen=True)
class Judgement:
    """The limit that bound a step, and the reasons why the step is inconclusive (none: it is trusted)."""

    bound: str
    doubts: list[str]


def judge(
    load: Load, predicted: Predicted | None, measured: Measured, contender: Contender, scenario: str
) -> Judgement:
    """Check one step against the model and against known faults of measurements.

    For a service without a model, `predicted` is extrapolated from its first step, or None.
    """
    bound = bound_by(load, predicted, measured, contender, scenario)
    stuck = contender.slots if bound == DEADLOCK else None
    together = stuck is not None or bound.startswith(BURSTS)
    tools = [
        *_tools(load, bound, measured, contender),
        *generators.doubts(load, measured, together=together, alike=scenario != MIXED and UNEVEN not in bound),
    ]
    if bound == BLOCKED:
        return Judgement(bound, tools)  # no request succeeds, as predicted: there is nothing else to check
    if isinstance(load, Open) and measured.arrivals is not None:
        fates = arrivals.doubts(load, predicted, measured, measured.arrivals, contender.demand)
        return Judgement(bound, [*tools, *fates, *_short(bound, predicted, measured, contender.demand)])
    doubts = [*tools, *_requests(load, measured, bound, stuck), *_drift(load, measured)]
    if predicted is not None and contender.demand is not None:
        doubts += _model(load, bound, predicted, measured, contender.demand)
    return Judgement(bound, doubts)


def _tools(load: Load, bound: str, measured: Measured, contender: Contender) -> list[str]:
    doubts = []
    if tool := GENERATOR if bound == GENERATOR else full_tool(measured):
        doubts.append(_full(load, tool, measured, contender))
    shared = measured.service_cores is None
    if (
        shared
        and measured.machine_cpu >= MACHINE_BUSY
        and measured.local_generator_cpu >= DISTURBS * (measured.server_cpu or 0.0)
    ):
        doubts.append(f"{SATURATED} ({measured.machine_cpu:.0%} of all cores)")
    if service_neighboured(measured):
        took = beside_the_service(measured)
        doubts.append(f"{NEIGHBOURS} took {took:.2f} of the service's {_cores(measured.service_cores)}")
    use, took = measured.other_cores, beside_the_others(measured)
    if use and took > NEIGHBOUR * use.cores and tool != NEIGHBOURS:
        whose = "the other" if measured.generators and not measured.local_generator_cpu else "the load generator's"
        doubts.append(f"{NEIGHBOURS} took {took:.2f} of {whose} {_cores(use)}")
    if (calibration := contender.calibration) and calibration.neighbours > NEIGHBOUR:
        doubts.append(f"{NEIGHBOURS} took {calibration.neighbours:.0%} of the cores during the calibration")
    if measured.stolen_cpu > STOLEN:
        doubts.append(f"{OTHER_MACHINES} on the host took {measured.stolen_cpu:.0%} of the CPU")
    if throttled(measured):
        doubts.append(f"{QUOTA} held the processes back for {measured.throttled:.2f} s in the window")
    if measured.died:
        doubts.append(f"{count(measured.died, 'service process', 'service processes')} died during the window")
    return doubts


def _full(load: Load, tool: str, measured: Measured, contender: Contender) -> str:
    """Return the doubt that a part of the measurement had no CPU time left, and what the service alone would carry."""
    demand = contender.demand
    wanted = load.predict(demand.by_itself).throughput if demand else 0.0
    if tool == GENERATOR and measured.busiest_generator_cpu >= GENERATOR_BUSY:
        told = f"{GENERATOR_FULL} saturated ({generators.busiest(measured)}); {_lift(load, measured, wanted)}"
    elif full_tool(measured) is None:
        told = f"{GENERATOR_FULL} predicted to be the limit; {_lift(load, measured, wanted)}"
    else:
        what = {GENERATOR: "the load generator"}.get(tool, tool if tool == NEIGHBOURS else f"the {tool}")
        lift = "a quiet machine" if tool == NEIGHBOURS else "more cores"
        told = f"{FULL}, mostly of {what}; {lift} would lift that"
    alone = capacity(measured, contender)
    if alone is None:
        return told
    return f"{told}; computed, not measured: by its CPU time the service alone would carry about {alone:.0f}/s"


def _lift(load: Load, measured: Measured, wanted: float) -> str:
    """Return what would lift the limit of the load generator. `wanted`: requests per second."""
    less = "a lower rate" if isinstance(load, Open) else "fewer users"
    return f"{generators.enough(measured, wanted)}, or {less}, would lift that"


def _cores(use: CoreUse | None) -> str:
    return count(use.cores if use else 0, "core")


def _requests(load: Load, measured: Measured, bound: str, stuck: int | None) -> list[str]:
    """List the faults of the requests. `stuck`: the number of slots in a deadlock, or None without one."""
    doubts = []
    if measured.requests < FEWEST:
        doubts.append(f"only {count(measured.requests, 'request')} completed in the window ({FEWEST} needed)")
    unexpected = measured.failures - (0 if stuck is None else gave_up(measured))
    if unexpected > ERRORS * measured.requests:
        doubts.append(f"{unexpected} of {measured.requests} {arrivals.FAILED}")
    if measured.resent and measured.resent > ERRORS * measured.requests:
        times = count(measured.resent, "time")
        doubts.append(f"requests were sent again {times}, because the service closed the connection unanswered")
    if measured.unfinished:
        what = "request" if measured.turns is None else "task"
        doubts.append(f"{count(measured.unfinished, what)} hung for the whole window")
    if measured.turns is not None:
        return doubts + turns.doubts(load, measured, measured.turns)
    response = mean_response(measured)
    if measured.seconds < QUEUES * response:
        doubts.append(f"the window ({measured.seconds:.1f} s) is too short for response times of {response:.1f} s")
    # requests in a deadlock time out together, and those in bursts end together: an edge of the window may cut all
    edges = max(1, len(measured.generators))
    cut = stuck or (load.most_in_flight if bound.startswith(BURSTS) else edges)
    contradiction = load.contradiction(measured.requests / measured.seconds, response, measured.seconds, cut)
    return doubts if contradiction is None else [*doubts, contradiction]


def _drift(load: Load, measured: Measured) -> list[str]:
    """Return how response time, or else the rate of requests, differs between the ends of the window, if it drifts.

    A response time drifts if the turn of a user does, think time included: users who mostly think may fall into step.
    """
    course = measured.course or []
    first, last = course[:ENDS], course[-ENDS:]
    if len(course) < 2 * ENDS or any(each.requests < EACH for each in (*first, *last)):
        return []
    think = load.conditions.get("think", 0.0) * 1000
    turns = [[each.response_ms / each.requests + think for each in end] for end in (first, last)]
    if _apart(*turns):
        before, after = (duration(mean(end) - think) for end in turns)
        return [f"{UNSTEADY}: the mean response time went from {before} to {after} during the window"]
    rates = [[each.requests / each.seconds for each in end] for end in (first, last)]
    if _apart(*rates):
        before, after = (f"{mean(end):.1f}/s" for end in rates)
        return [f"{UNSTEADY}: the rate of requests went from {before} to {after} during the window"]
    return []


def _apart(first: list[float], last: list[float]) -> bool:
    """Return True if the ends differ by more than DRIFT, and every figure of one exceeds every figure of the other."""
    disjoint = max(first) < min(last) or max(last) < min(first)
    return disjoint and abs(mean(last) - mean(first)) > DRIFT * mean([*first, *last])


def _model(load: Load, bound: str, predicted: Predicted, measured: Measured, demand: Demand) -> list[str]:
    if predicted.bound == BLOCKED:
        return [f"the slow clients left room for {count(measured.requests, 'request')}, and none was predicted"]
    if predicted.bound == DEADLOCK:
        told = f"the predicted deadlock did not occur ({measured.failures} of {measured.requests} {arrivals.FAILED})"
        return [told] if bound == UNEXPLAINED else []
    ratio = throughput(measured) / predicted.throughput
    most = predicted.throughput if demand.cpu is None else load.most(demand)
    if demand.calibrated:  # by its waits and limits alone, without the CPU time that a calibration may get wrong
        most = load.most(demand.uncalibrated) if demand.wait else inf
    if throughput(measured) > IMPOSSIBLE * most:
        return [f"{OFF} {throughput(measured) / most:.2f} times the predicted maximum"]
    if demand.calibrated and throughput(measured) > BEYOND * load.most(demand):
        return [f"{OFF} {ratio:.2f} times the prediction: its calibration does not hold here"]
    return _short(bound, predicted, measured, demand)


def _short(bound: str, predicted: Predicted | None, measured: Measured, demand: Demand | None) -> list[str]:
    """Return the doubt that a throughput falls short of its prediction, and nothing that was measured explains it."""
    if bound != UNEXPLAINED or predicted is None or demand is None:
        return []
    without = "" if demand.calibrated else "; the prediction leaves out CPU time"
    return [
        f"{OFF} {throughput(measured) / predicted.throughput:.2f} times the prediction, and no measured figure "
        f"explains why (the machine was {measured.machine_cpu:.0%} busy{without})"
    ]
