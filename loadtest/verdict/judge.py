"""Whether a step can be trusted, and what bound it. Every threshold stands here, or with the load that it is of."""

from dataclasses import dataclass

from loadtest.results.schema import Contender, Measured, Predicted
from loadtest.workload import Load
from loadtest.workload.demand import DEADLOCK, USERS
from loadtest.workload.scenarios import CORES, MIXED

GENERATOR_BUSY = 0.9
"""Cores of the generator from which on it measures itself: it has one thread, so 1.0 is all there is."""

PROCESS_BUSY = 0.9
"""Cores of one server process from which on it is bound by the CPU: Python runs one thread at a time."""

SERVICE_BUSY = 0.5
"""Cores that a service must use for a busy machine to be its limit, and not a neighbour's doing."""

MACHINE_BUSY = 0.95
"""Share of all cores from which on the generator and the service take CPU time from each other."""

STOLEN = 0.05
"""Share of the cores that other guests of the host may take."""

ERRORS = 0.01
"""Share of requests that may fail."""

QUEUES = 1.75
"""Mean response times that a window must span: two whole turns, less what the second may be shorter by."""

KEEPS_UP = 0.9
"""Share of the predicted throughput from which on the prediction is said to hold."""

IMPOSSIBLE = 1.05
"""Share of the predicted throughput beyond which the measurement itself must be wrong."""

FEWEST = 10
"""Requests that a window must hold: fewer do not even give a median."""

GAVE_UP = "status 504"
"""How a request fails that has waited for another one in vain."""

MIXED_WELL = 0.5
"""Share of the ceiling that a mixed day reaches at the least. With limits in balance, at the knee, queues that come and
go by chance cost up to half (J. Zahorjan and others, "Balanced Job Bound Analysis of Queueing Networks", 1982)."""

STUCK = 0.5
"""Share of the requests that may succeed in a deadlock: one that gives up lets answers in, for those who came after."""

DISTURBS = 0.05
"""CPU time of the load generator, as a share of the service's, from which on they take it from each other."""

UNEXPLAINED = "unexplained"
THE_MIX = "the mix"
OWN_LIMIT = "its own limit"


@dataclass(frozen=True)
class Judgement:
    """What bound a step, and why it is inconclusive (empty: it is not)."""

    bound: str
    doubts: list[str]


def throughput(measured: Measured) -> float:
    """Answers per second, failures left out."""
    return (measured.requests - measured.failures) / measured.seconds


def mean_response(measured: Measured) -> float:
    """Seconds; 0 where nothing was answered."""
    return measured.response_ms / measured.requests / 1000 if measured.requests else 0.0


def gave_up(measured: Measured) -> int:
    """Requests that waited for another one until their time was over."""
    return sum(count for kind, count in measured.errors.items() if GAVE_UP in kind)


def judge(
    load: Load, predicted: Predicted | None, measured: Measured, contender: Contender, scenario: str
) -> Judgement:
    """Hold one step against the model and against what can go wrong with a measurement.

    For a service that is not ours, `predicted` is what the first step lets expect of this load, if anything.
    """
    bound = bound_by(load, predicted, measured, contender, scenario)
    stuck = contender.slots if bound == DEADLOCK else None
    doubts = [*_tools(measured), *_requests(load, measured, stuck)]
    if predicted is not None and contender.demand is not None:
        doubts += _model(bound, predicted, measured)
    return Judgement(bound, doubts)


def bound_by(load: Load, predicted: Predicted | None, measured: Measured, contender: Contender, scenario: str) -> str:
    """The users, what the prediction names, the CPU, the generator, an unknown limit of its own, or `unexplained`."""
    if measured.generator_cpu >= GENERATOR_BUSY:
        return "generator"
    crowded_out = measured.machine_cpu >= MACHINE_BUSY and (measured.server_cpu or 0.0) >= SERVICE_BUSY
    if (measured.busiest_cpu or 0.0) >= PROCESS_BUSY or crowded_out:
        return "CPU"
    if predicted is None:
        return USERS
    if predicted.bound == DEADLOCK:
        return DEADLOCK if gave_up(measured) >= (1 - STUCK) * measured.requests else UNEXPLAINED
    ratio = throughput(measured) / predicted.throughput
    return predicted.bound if ratio >= KEEPS_UP else _falls_short(load, ratio, measured, contender, scenario)


def _falls_short(load: Load, ratio: float, measured: Measured, contender: Contender, scenario: str) -> str:
    if contender.demand is None:
        return OWN_LIMIT
    if scenario == MIXED and ratio >= MIXED_WELL:
        return THE_MIX  # of requests that hold different things: together they stay below what each allows
    return _uneven(load, ratio, measured, contender) or UNEXPLAINED


def _uneven(load: Load, ratio: float, measured: Measured, contender: Contender) -> str | None:
    """What stood idle in one process while users queued for it in another: connections stay where they were taken.

    None where that does not explain a throughput of `ratio` of the prediction.
    """
    if contender.demand is None or not contender.processes or not measured.connections:
        return None
    if contender.slots == contender.processes:  # a sync worker keeps no connection
        return None
    for limit in contender.demand.limits:
        if limit.name == CORES:  # which are no process's own
            continue
        each = limit.capacity // contender.processes
        usable = sum(min(count, each) for count in measured.connections)
        wanted = min(load.most_in_flight, limit.capacity)
        if usable < wanted and ratio >= KEEPS_UP * usable / wanted:
            most = max(measured.connections)
            return f"{limit.name}, unevenly shared ({most} of {load.amount} {load.unit} on {each} of {limit.capacity})"
    return None


def _tools(measured: Measured) -> list[str]:
    doubts = []
    if measured.generator_cpu >= GENERATOR_BUSY:
        doubts.append(f"the load generator was saturated ({measured.generator_cpu:.0%} of a core)")
    if measured.machine_cpu >= MACHINE_BUSY and measured.generator_cpu >= DISTURBS * (measured.server_cpu or 0.0):
        doubts.append(f"the machine was saturated ({measured.machine_cpu:.0%} of all cores)")
    if measured.stolen_cpu > STOLEN:
        doubts.append(f"other guests of the host took {measured.stolen_cpu:.0%} of the CPU")
    if measured.died:
        doubts.append(f"{measured.died} of the service's processes died in the window")
    return doubts


def _requests(load: Load, measured: Measured, stuck: int | None) -> list[str]:
    """What is to be doubted in the requests; `stuck` of them were in a deadlock, if any were."""
    doubts = []
    if measured.requests < FEWEST:
        doubts.append(f"only {measured.requests} requests were answered in the window")
    unexpected = measured.failures - (0 if stuck is None else gave_up(measured))
    if unexpected > ERRORS * measured.requests:
        doubts.append(f"{measured.failures} of {measured.requests} requests failed")
    if measured.unfinished:
        doubts.append(f"{measured.unfinished} requests hung for the whole window")
    response = mean_response(measured)
    if measured.seconds < QUEUES * response:
        doubts.append(f"the window ({measured.seconds:.1f} s) is short for responses of {response:.1f} s")
    cut = stuck or 1  # those who are stuck give up together, and an edge may cut them all
    contradiction = load.contradiction(measured.requests / measured.seconds, response, measured.seconds, cut)
    return doubts if contradiction is None else [*doubts, contradiction]


def _model(bound: str, predicted: Predicted, measured: Measured) -> list[str]:
    if predicted.bound == DEADLOCK:
        told = f"{measured.failures} of {measured.requests} requests failed where all were to be stuck"
        return [told] if bound == UNEXPLAINED else []
    ratio = throughput(measured) / predicted.throughput
    if ratio > IMPOSSIBLE:
        return [f"throughput is {ratio:.2f} of what the model allows at the most"]
    if bound == UNEXPLAINED:
        return [
            f"throughput is {ratio:.2f} of the prediction, and nothing that was measured explains it "
            f"(the machine was {measured.machine_cpu:.0%} busy)"
        ]
    return []
