"""The CPU clocks of a window: whose work filled which cores, and what a request cost."""

from loadtest.results.schema import Contender, CoreUse, Measured
from loadtest.workload.demand import CPU, GENERATOR

DATABASE, UPSTREAM = "database", "upstream"
NEIGHBOURS = "other processes"
"""Processes that do not belong to the run."""

GENERATOR_BUSY = 0.9
"""CPU use, in cores, at which a load generator is saturated and measures itself: its one thread can use 1.0."""

PROCESS_BUSY = 0.9
"""CPU use of one server process, in cores, that counts as bound by the CPU: Python runs one thread at a time. Also the
share of all its cores that a service must use if it has more processes than cores."""

SEVERAL = 1.5
"""CPU use of one process, in cores, above which several of its threads compute at once, which those of Python do not.
Such a process is full if its cores are."""

FULL = 0.95
"""Share of a set of cores in use at which its processes compete for CPU time."""

NEIGHBOUR = 0.1
"""Share of a set of cores that processes outside the run may take. A service that needs all its cores then still
reaches 90 % of its throughput."""


def neighbours(use: CoreUse, ours: float) -> float:
    """Return the cores of a set that processes outside the run used; `ours`: the cores that the run used there."""
    return max(0.0, use.busy - use.stolen - use.interrupts - ours)


def beside_the_service(measured: Measured) -> float:
    """Return the cores that processes outside the run used on the service's cores, or 0 if it has none of its own."""
    use = measured.service_cores
    return 0.0 if use is None or measured.server_cpu is None else neighbours(use, measured.server_cpu)


def beside_the_others(measured: Measured) -> float:
    """Return the cores that processes outside the run used on the cores of the load generator, or 0 if unknown."""
    return _unknown(measured) if measured.all_ours else 0.0


def neighbours_share(measured: Measured) -> float:
    """Return the largest share of a set of cores that processes outside the run took, from 0 to 1."""
    sets = (measured.service_cores, measured.other_cores)
    took = (beside_the_service(measured), beside_the_others(measured))
    return max(cores / use.cores if use else 0.0 for cores, use in zip(took, sets, strict=True))


def unaccounted(measured: Measured) -> float | None:
    """Return the share of the service's cores that was busy without a measured cause.

    Whether the clock of a process includes the interrupts that it was stopped for depends on how the kernel was built
    (Linux: CONFIG_IRQ_TIME_ACCOUNTING), so they explain as much of the busy time as they have to, and no more.
    """
    use = measured.service_cores
    if use is None or measured.server_cpu is None:
        return None
    left = use.busy - use.stolen - measured.server_cpu
    return (left if left < 0 else max(0.0, left - use.interrupts)) / use.cores


def full_tool(measured: Measured) -> str | None:
    """Return the part of the measurement that had no CPU time left and so limited the step, or None.

    It is the load generator if the one thread of one was busy. Otherwise, if the cores of everything but the service
    were full, it is the part that used most of them: the load generator, the database, the upstream or other processes.
    """
    if measured.busiest_generator_cpu >= GENERATOR_BUSY:
        return GENERATOR
    use = measured.other_cores
    if use is None or use.busy < FULL * use.cores:
        return None
    backing = {name: measured.others_cpu.get(name, 0.0) for name in (DATABASE, UPSTREAM)}
    parts = {GENERATOR: measured.local_generator_cpu, **backing, NEIGHBOURS: _unknown(measured)}
    return max(parts, key=lambda name: parts[name])


def full_service(measured: Measured) -> bool:
    """Return True if the service used all the CPU time that its processes and its own cores allow."""
    if PROCESS_BUSY <= (measured.busiest_cpu or 0.0) < SEVERAL:
        return True
    use = measured.service_cores
    return use is not None and (measured.server_cpu or 0.0) >= PROCESS_BUSY * use.cores


def capacity(measured: Measured, contender: Contender) -> float | None:
    """Return the throughput per second that the CPU time of the window's requests allows the service alone.

    It is computed, not measured: processors / CPU time of a request, or less if another limit is lower. None if the
    CPU time is unknown.
    """
    answered = measured.requests - measured.failures
    if not (answered and measured.server_cpu and contender.demand and (cpu := contender.demand.cpu)):
        return None
    cost = measured.server_cpu * measured.seconds / answered
    others = (limit.throughput for limit in contender.demand.limits if limit.name != CPU)
    return min(cpu.capacity / cost, *others, float("inf"))


def _unknown(measured: Measured) -> float:
    """Return the cores that were used on the cores of the load generator, and not by what the run started there."""
    return 0.0 if measured.other_cores is None else neighbours(measured.other_cores, _tools(measured))


def _tools(measured: Measured) -> float:
    """Return the cores that the load generator and what the service waits for used."""
    return measured.local_generator_cpu + sum(measured.others_cpu.values())
