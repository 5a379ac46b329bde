"""Benchmark: comparisons of services of the user's own. The twins play these services, with waits that are known."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

from backing.processes import PYTHON
from loadtest.bench import Finding
from loadtest.contenders.cores import halves
from loadtest.contenders.request import Request
from loadtest.contenders.target import Start, Target
from loadtest.measure.comparison import Comparison
from loadtest.measure.costs import costs
from loadtest.results.advice import Proposal
from loadtest.results.schema import Options, Pairing, Results, Step
from loadtest.verdict.aggregate import FEWEST_PAIRS, Row, rows
from loadtest.verdict.pairs import CHANGED, MEDIAN, SLOWER, TAIL, UNKNOWN, Difference, differences
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.need import Need
from loadtest.workload.open import Open
from loadtest.workload.scenarios import OWN

COMPARISONS = 20

FALSE_ALARMS, FOUND = 1, 18
"""The most comparisons of a service with itself that may differ, and the fewest that must find what was planted."""

WAIT = 0.05

LIMITS = [(slots, wait) for slots in (1, 4, 8, 32) for wait in (0.05, 0.1, 0.5)]
"""Slots of a service, and the wait of its requests in seconds."""

EXACT = 0.1
"""The largest error, as a share, of a limit that is stated."""

NEEDED = Need(rate=200.0)

TAIL_RANK = 0.99

ASYNC = ("async_app", "--workers", "1")


class Silent:
    """A progress that is not shown."""

    def begins(self, service: str, what: str, repeat: int, seconds: float) -> None:
        """Show nothing."""

    def ended(self, step: Step) -> None:
        """Show nothing."""

    def found(self, sentence: str) -> None:
        """Show nothing."""


def pairs() -> Iterator[Finding]:
    """Yield the findings on pairs: a service against itself, and two planted differences."""
    old = service("old", ASYNC, waits(WAIT))
    same = [_compared(old, replace(old, name="new"), users=10) for _ in range(COMPARISONS)]
    alarms = [found for found in same if any(each.says in CHANGED for each in found)]
    yield Finding(
        f"One service against itself: {len(alarms)} of {COMPARISONS} comparisons differ "
        f"(aim: at most {FALSE_ALARMS}){_alarms(alarms)}",
        met=len(alarms) <= FALSE_ALARMS,
    )
    slower = service("new", ASYNC, waits(1.05 * WAIT))
    yield _planted("+5% latency", MEDIAN, [_compared(old, slower, users=10) for _ in range(COMPARISONS)])
    rare = service("new", ASYNC, (*waits(WAIT, 49), *waits(WAIT + 0.02, 1)))
    yield _planted("+20 ms in 2% of the requests", TAIL, [_compared(old, rare, users=32) for _ in range(COMPARISONS)])


def _alarms(alarms: list[list[Difference]]) -> str:
    told = [f"{each.figure} {each.ratio:.3f}" for found in alarms for each in found if each.says in CHANGED]
    return f": {', '.join(told)}" if told else ""


def _planted(what: str, figure: str, compared: list[list[Difference]]) -> Finding:
    says = [next((each.says for each in found if each.figure == figure), UNKNOWN) for found in compared]
    return Finding(
        f"{what}: found in {figure} by {says.count(SLOWER)} of {COMPARISONS} comparisons of {FEWEST_PAIRS} pairs "
        f"(aim: at least {FOUND}); it could not be told in {says.count(UNKNOWN)}",
        met=says.count(SLOWER) >= FOUND,
    )


def limits() -> Iterator[Finding]:
    """Yield one finding for each limit that is to be inferred."""
    for slots, wait in LIMITS:
        loads = [Closed(each) for each in (1, 2 * slots, 4 * slots)]
        results = _run([service("own", threads(slots), waits(wait))], loads, repeats=1)
        (known,) = results.contenders
        found = known.inferred and known.inferred.limit
        error = abs(found.capacity / slots - 1) if found else 0.0
        told = f"{found.low:.2f} to {found.high:.2f}, stated as {found.capacity}" if found else "no limit is stated"
        why = f" ({known.inferred.why})" if known.inferred and not found else ""
        yield Finding(
            f"{slots} slots of {wait * 1000:.0f} ms: {told}{why} (aim: within {EXACT:.0%}, or none)",
            met=error <= EXACT,
        )


def advice() -> Iterator[Finding]:
    """Yield one finding for each proposal for a load: what it is predicted to do, and what it does."""
    few = service("own", threads(8), waits(2 * WAIT))
    (told,) = _run([few], [Closed(each) for each in (1, 16, 32)], repeats=2, need=NEEDED).advice
    proposals = [each for each in told.proposals if each.enough]
    if not proposals:
        yield Finding(f"{NEEDED.label}: nothing is proposed. {told.sentence}", met=False)
    for each in proposals:
        results = _run([_proposed(each)], [Open(NEEDED.rate)], repeats=2, seconds=10.0)
        (row,) = rows(results)
        p99 = (row.percentile(TAIL_RANK) or inf) / 1000
        assert each.p99 is not None
        off = max(abs(row.throughput / each.throughput - 1), abs(p99 / each.p99 - 1))
        yield Finding(
            f"{NEEDED.label} with {each.what}: {row.throughput:.1f}/s, p99 {p99 * 1000:.0f} ms; predicted "
            f"{each.throughput:.1f}/s, {each.p99 * 1000:.0f} ms (aim: within {EXACT:.0%}){_because(row)}",
            met=row.holds and off <= EXACT,
        )


def _proposed(proposal: Proposal) -> Target:
    """Return the twin that a proposal describes."""
    if proposal.slots is None:
        return service("own", ASYNC, waits(2 * WAIT))
    if proposal.slots == proposal.processes:
        return service("own", ("sync_app", "--worker-class", "sync", "--workers", str(proposal.slots)), waits(2 * WAIT))
    return service("own", threads(proposal.slots), waits(2 * WAIT))


def _because(row: Row) -> str:
    return f"; inconclusive: {'; '.join(row.doubts)}" if row.doubts else ""


def threads(number: int) -> tuple[str, ...]:
    """Return the command of a twin with threads in one process."""
    return ("sync_app", "--worker-class", "gthread", "--workers", "1", "--threads", str(number))


def service(name: str, command: tuple[str, ...], requests: tuple[Request, ...]) -> Target:
    """Return a twin as a service of the user's own."""
    words = (*PYTHON, *command, "--port", "{port}")
    wait = max(float(each.path.rpartition("/")[2]) for each in requests)
    return Target(name, "", requests, start=Start(words, Path.cwd(), {}), wait=wait)


def waits(seconds: float, weight: int = 1) -> tuple[Request, ...]:
    """Return the request that waits so long."""
    return (Request(f"/delay/{seconds:g}", weight=weight, name=f"{seconds:g} s"),)


def _compared(old: Target, new: Target, users: int) -> list[Difference]:
    pairing = Pairing(before=old.name, after=new.name)
    return differences(_run([old, new], [Closed(users)], FEWEST_PAIRS, pairings=[pairing]))


def _run(  # noqa: PLR0913 - the options of a run
    services: list[Target],
    loads: Sequence[Load],
    repeats: int,
    *,
    seconds: float = 1.0,
    pairings: Sequence[Pairing] = (),
    need: Need | None = None,
) -> Results:
    options = Options(
        scenario=OWN,
        loads=[*loads],
        delay="",
        wait=max(each.wait or 0.0 for each in services),
        seconds=seconds,
        repeats=repeats,
        pairings=[*pairings],
        need=need,
    )
    comparison = Comparison([*services], options, [], halves(), costs=costs() if need else None)
    comparison.run(Silent())
    return comparison.results(complete=True)
