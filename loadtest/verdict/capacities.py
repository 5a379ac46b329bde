"""The answers of a search for capacity, in sentences."""

from loadtest.english import count, listed
from loadtest.results.capacity import Capacity
from loadtest.results.schema import Results

from .comparison import ended
from .format import NONE, per_second


def found(capacity: Capacity) -> str:
    """Return the highest rate that passed and the lowest that failed, in arrivals per second."""
    passed, failed = (None if rate is None else per_second(rate) for rate in (capacity.passed, capacity.failed))
    if passed is None:
        return f"under {failed}" if failed else NONE
    return f"{passed} to {failed}" if failed else f"at least {passed}"


def headline(results: Results) -> str:
    """Return the answer for all services, without a full stop."""
    if not results.capacities:
        return "Nothing was measured"
    told = [_told(each) for each in results.capacities]
    return f"For {listed(results.options.objectives)}: {', '.join(told)}"


def sentences(results: Results) -> list[str]:
    """Return the answer, how it compares with the prediction, who carries more, and what could not be told."""
    known = [each for each in results.capacities if each.passed is not None]
    told = [f"{headline(results)}."] if results.capacities else []
    told += [
        f"{each.service}: {found(each)} arrivals/s, {per_second(each.predicted)} predicted."
        for each in known
        if each.predicted and not _agrees(each)
    ]
    resolved = sorted((each for each in known if each.resolved), key=lambda each: each.passed or 0.0)
    if len(resolved) > 1:
        least, most = resolved[0], resolved[-1]
        told.append(f"Within the same objectives {_compared(least, most)}.")
    told += doubts(results)
    if not results.complete:
        told.append(f"The run {ended(results)} Only the probes measured until then are shown.")
    return told


def doubts(results: Results) -> list[str]:
    """Return why searches ended without an answer."""
    return [
        f"No single answer for {each.service} after {count(len(each.probes), 'probe')}: {each.why}."
        for each in results.capacities
        if not each.resolved
    ]


def _told(capacity: Capacity) -> str:
    bound = f" ({capacity.bound.partition(' (')[0]})" if capacity.passed is not None and capacity.bound else ""
    unit = "unknown" if found(capacity) == NONE else f"{found(capacity)} arrivals/s"
    return f"{capacity.service} {unit}{bound}"


def _compared(least: Capacity, most: Capacity) -> str:
    """Return how many times the load one service carries, unless the capacities of both may be the same."""
    if (most.passed or 0.0) <= (least.failed or float("inf")):
        return f"{least.service} and {most.service} carry about the same load"
    times = (most.passed or 0.0) / (least.passed or 1.0)
    return f"{most.service} carries {times:.1f} times the load of {least.service}"


def _agrees(capacity: Capacity) -> bool:
    """Return True if the prediction lies between the rate that passed and the one that failed."""
    assert capacity.predicted is not None
    low, high = capacity.passed or 0.0, capacity.failed or float("inf")
    return low <= capacity.predicted <= high
