"""Answer whether a service should go async for a load: what it, threads, processes or coroutines would make of it.

The load is replayed with the times that one user saw (see workload/sampled.py), the CPU time and the memory that were
measured, and the memory of one more thread or coroutine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from statistics import fmean

from loadtest.english import count, duration
from loadtest.results.advice import Advice, Costs, Proposal
from loadtest.results.histogram import percentile
from loadtest.results.inferred import Inferred
from loadtest.results.schema import Contender
from loadtest.workload.demand import CPU, LOOPS
from loadtest.workload.need import Need
from loadtest.workload.sampled import Shape, fewest, outcome
from loadtest.workload.scenarios import POOL

from .aggregate import Row
from .format import NONE, per_second
from .inferred import FLAT
from .processors import PROCESS_BUSY

BUSY = 0.7
"""Share of a core that one process may compute, beyond which its requests queue for long."""

LONGER = 1.1
"""Factor by which a 99th percentile may exceed that of the same service without a queue for slots."""

COMPUTES = 0.5
"""Share of a request's time that is CPU time from which a service computes rather than waits."""


@dataclass(frozen=True)
class _Known:
    """The known figures of a service. `memory`: bytes; `cpu`: seconds per request; None: unknown.

    `slots`: requests that it serves at once; if `at_least`, no step shows a limit, and as many were served. `most`:
    requests per second that saturated steps show. `seen`: its processes are known, and not taken for one.
    """

    times: list[float]
    slots: float
    at_least: bool
    most: float
    processes: int
    seen: bool
    cpu: float | None
    memory: float | None
    costs: Costs

    @property
    def each(self) -> float | None:
        """Bytes of one process."""
        return None if self.memory is None else self.memory / self.processes

    def shape(self, slots: float, processes: int) -> Shape:
        """Return what serves requests with these slots and processes."""
        return Shape(slots, processes, self.cpu or 0.0)

    def alone(self, processes: int) -> Shape:
        """Return what serves requests with processes of one thread."""
        return self.shape(processes, processes)


def advise(contender: Contender, table: Sequence[Row], need: Need, costs: Costs) -> Advice:
    """Return the proposals for a service, and the answer."""
    asked = f"Should {contender.name} go async for {need.label}?"
    found = contender.inferred
    if found is None:
        answer = "That cannot be told: no step of 1 user is conclusive, so how long a request waits is unknown."
        return Advice(service=contender.name, need=need.label, proposals=[], sentence=f"{asked} {answer}")
    known = _known(contender, found, table, costs)
    pool = _pool_bound(contender, need, found)
    proposals = [] if pool or known is None else _proposals(known, need)
    answer = f"That cannot be told: its limit is unknown, because {found.why}."
    if pool:
        answer = pool
    elif known is not None and known.at_least and not proposals[0].enough:
        answer = f"{answer} {_untried(known, need)}"
        proposals = []  # that it does as it is may be more than what was tried
    elif known is not None:
        answer = _answer(known, found, proposals)
    return Advice(
        service=contender.name,
        need=need.label,
        proposals=proposals,
        sentence=f"{asked} {answer}",
        note=_rough(known) if known is not None and proposals else "",
    )


def _known(contender: Contender, found: Inferred, table: Sequence[Row], costs: Costs) -> _Known | None:
    held = [row for row in table if row.holds and row.requests]
    alone = held[0]
    slots: float = contender.slots or inf
    at_least = found.limit is None and contender.slots is None
    if found.limit is not None and found.limit.name != CPU:
        slots = found.limit.capacity
    elif at_least and not found.unsaturated:
        return None
    elif at_least:
        slots = max(1, round(held[-1].throughput * held[-1].mean / 1000))  # in flight, by Little's law
    processes = max((len(each.connections or ()) for row in held for each in row.windows), default=0)
    cost = next((row.cpu_per_request for row in reversed(held) if row.cpu_per_request), None)
    return _Known(
        times=[milliseconds / 1000 for milliseconds, times in alone.latency.items() for _ in range(times)],
        slots=slots,
        at_least=at_least,
        most=found.limit.throughput if found.limit else inf,
        processes=max(processes, 1),
        seen=processes > 0,
        cpu=None if cost is None else cost / 1e6,
        memory=alone.memory,
        costs=costs,
    )


def _proposals(known: _Known, need: Need) -> list[Proposal]:
    rate = need.rate or need.users / fmean(known.times)
    processes = max(known.processes, ceil(rate * (known.cpu or 0.0) / BUSY))
    found = [_seen(known, need, _proposal("as it is", known, need, known.slots, known.processes))]
    threads = fewest(need, known.times, lambda slots: known.shape(slots, processes), LONGER)
    each = ceil((threads or 0) / processes)
    if each:
        what = f"{count(each, 'thread')}{_inside(known, processes, 'in each of' if processes > 1 else 'in')}"
        found.append(_proposal(what, known, need, each * processes, processes))
    alone = fewest(need, known.times, lambda each: known.alone(max(each, processes)), LONGER)
    if alone is not None and (alone > processes or each != 1):
        alone = max(alone, processes)
        found.append(_proposal(f"{_processes(alone)} of one thread", known, need, alone, alone))
    return [*found, _proposal(f"a coroutine each{_inside(known, processes, 'in')}", known, need, inf, processes)]


def _seen(known: _Known, need: Need, as_is: Proposal) -> Proposal:
    """Return what a service does as it is, with no more throughput than its steps show."""
    if as_is.throughput <= (1 + FLAT) * known.most:
        return as_is
    p99 = need.users / known.most if need.users else None
    return as_is.model_copy(update={"throughput": known.most, "p99": p99, "enough": False})


def _inside(known: _Known, processes: int, where: str) -> str:
    """Return the processes of a proposal in words, or "" if those of the service cannot be seen."""
    return f" {where} {_processes(processes)}" if known.seen else ""


def _processes(number: int) -> str:
    return count(number, "process", "processes")


def _proposal(what: str, known: _Known, need: Need, slots: float, processes: int) -> Proposal:
    shape = known.shape(slots, processes)
    told = outcome(need, known.times, shape)
    free = outcome(need, known.times, replace(shape, slots=inf))
    full = known.cpu is not None and told.throughput * known.cpu >= PROCESS_BUSY * processes
    return Proposal(
        what=what,
        processes=processes,
        slots=None if slots == inf else int(slots),
        throughput=told.throughput,
        p99=None if told.p99 == inf else told.p99,
        memory=_memory(known, need, slots, processes, told.throughput),
        cores=None if known.cpu is None else told.throughput * known.cpu,
        enough=not full and told.p99 <= LONGER * free.p99 < inf,
    )


def _memory(known: _Known, need: Need, slots: float, processes: int, throughput: float) -> float | None:
    """Return the bytes of a proposal: those of its processes, and of the threads or coroutines that it has more."""
    if known.each is None:
        return None
    base = known.each * processes
    if slots == inf:
        return base + (need.users or throughput * fmean(known.times)) * known.costs.coroutine
    now = known.slots if known.slots < inf else 0.0
    per_process = slots / processes - now / known.processes
    return base + max(0.0, per_process) * processes * known.costs.thread


def _pool_bound(contender: Contender, need: Need, found: Inferred) -> str | None:
    """Return the answer if a pool that its owner described cannot carry the load, whatever waits for it."""
    rate = need.rate or need.users / found.wait
    for limit in contender.demand.limits if contender.demand else ():
        if limit.name.endswith(POOL) and limit.throughput < rate:
            needed = ceil(rate * limit.held)
            return (
                f"No: its {limit.name} is the limit, async or not: {count(limit.capacity, 'connection')} x "
                f"{duration(limit.held * 1000)} carry {per_second(limit.throughput)}/s, and it takes {needed}."
            )
    return None


def _untried(known: _Known, need: Need) -> str:
    """Return what to try if no step shows a limit, and the load takes more than was tried."""
    at_once = ceil(need.users or need.rate * fmean(known.times))
    return f"The load takes about {count(at_once, 'request')} at once, and room for bursts: add more to --users."


def _answer(known: _Known, found: Inferred, proposals: Sequence[Proposal]) -> str:
    as_is, *others = proposals
    if as_is.enough:
        return f"No: it carries that as it is{_latency(as_is)}."
    threads = next((each for each in others if each.slots), None)
    coroutines = others[-1]
    if found.limit is not None and found.limit.name == LOOPS:
        return (
            "It blocks its event loop: await what blocks it, or move that to threads, and "
            f"{coroutines.what} would carry it{_latency(coroutines)}."
        )
    if known.cpu is not None and known.cpu >= COMPUTES * fmean(known.times):
        share = min(1.0, known.cpu / fmean(known.times))
        return (
            f"No: {share:.0%} of the time of a request is CPU time, of which async saves nothing. It takes "
            f"{_with_a_core(coroutines.processes or 1)}."
        )
    if threads is None or not threads.enough:
        return f"Yes: {coroutines.what} would carry it{_latency(coroutines)}, and no number of threads tried does."
    if known.memory and threads.memory and coroutines.memory and threads.memory - coroutines.memory > known.memory:
        return (
            f"Yes, for the memory: {threads.what} would take {_mebibytes(threads.memory)}, {coroutines.what} "
            f"{_mebibytes(coroutines.memory)}."
        )
    return _more(known, threads)


def _more(known: _Known, threads: Proposal) -> str:
    """Return the answer if threads carry the load: how many more, or the processes if there are enough of them."""
    slots, processes = threads.slots or 0, threads.processes or 1
    if slots <= known.slots:
        return f"No: it lacks CPU time, not threads. It takes {_with_a_core(processes)}{_latency(threads)}."
    more = slots - int(known.slots)
    also = f" in {_processes(processes)}" if processes > known.processes else ""
    takes = f", for {_mebibytes(threads.memory - known.memory)}" if threads.memory and known.memory else ""
    return f"No: {count(more, 'more thread')}{also} {'does' if more == 1 else 'do'}{takes}{_latency(threads)}."


HEADS = ("throughput", "p99", "memory", "cores", "carries it")
"""The headings of the cells of a proposal."""

UNITS = "requests/s; p99 in ms; memory in MiB; cores busy"


def told(each: Proposal) -> list[str]:
    """Return a proposal as the cells of a table that HEADS names."""
    return [
        per_second(each.throughput),
        "grows" if each.p99 is None else f"{each.p99 * 1000:.0f}",
        NONE if each.memory is None else f"{each.memory / 2**20:.1f}",
        NONE if each.cores is None else f"{each.cores:.2f}",
        "yes" if each.enough else "no",
    ]


def _rough(known: _Known) -> str:
    """Return that a 99th percentile is rough, if it follows from too few requests for one that is measured."""
    if percentile({0.0: len(known.times)}, 0.99) is not None:
        return ""
    return f"The p99 is rough: one user sent {count(len(known.times), 'request')}; longer --seconds give more."


def _with_a_core(processes: int) -> str:
    return "1 process with a core to itself" if processes == 1 else f"{_processes(processes)}, each with a core"


def _latency(each: Proposal) -> str:
    return "" if each.p99 is None else f" (predicted p99 {duration(each.p99 * 1000)})"


def _mebibytes(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"
