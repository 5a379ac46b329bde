"""The doubts about several load generators: each must have sent its share on time, and have seen what others saw."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil, sqrt

from loadtest.english import duration
from loadtest.results.generators import GeneratorWindow
from loadtest.results.histogram import merged
from loadtest.results.schema import Measured
from loadtest.workload import Load
from loadtest.workload.open import Open

from . import arrivals
from .bounds import THROTTLED

FALLEN = "a load generator fell out"
"""The beginning of the doubt that a load generator ended, fell silent or lost a message."""

STALLED = 0.25
"""Seconds in which a load generator may stand still: longer than garbage collection or a busy machine takes."""

ROOMY = 0.6
"""CPU use, in cores, of each load generator if there are enough of them: above, requests begin to queue in it."""

ALIKE = 0.02
"""Share by which the medians of two load generators may differ, beside chance."""

CHANCE = 4.0
"""Standard deviations that the rank of a median may be off by chance."""

FEWEST = 50
"""Requests of a load generator from which on its median is compared."""


def busiest(measured: Measured) -> str:
    """Return the CPU use of the busiest load generator in words."""
    told = f"{measured.busiest_generator_cpu:.0%} of a core"
    if not measured.generators:
        return told
    return f"{max(measured.generators, key=lambda each: each.cpu).name}: {told}"


def enough(measured: Measured, wanted: float) -> str:
    """Return in words how many load generators would do. `wanted`: requests per second, or 0 if unknown."""
    now = len(measured.generators) or 1
    cost = measured.generator_cpu * measured.seconds / measured.requests if measured.requests else 0.0
    number = max(now + 1, ceil(wanted * cost / ROOMY))
    return f"{number} load generators with a core each (--generators {number})"


def doubts(load: Load, measured: Measured, *, together: bool) -> list[str]:
    """Return the reasons why the load of several generators cannot be trusted; none for a single one.

    `together`: many requests end at once, so that an edge of the window may cut any number of them.
    """
    if measured.faults:
        return [f"{FALLEN}: {fault}" for fault in measured.faults]  # the shares of the others are not the whole
    found = []
    for each in measured.generators:
        found += _own(load, each)
        law = None if together or measured.turns else _contradiction(load, each)
        found += [] if law is None else [f"{each.name}: {law}"]
    return found + _unlike(measured.generators)


def _own(load: Load, window: GeneratorWindow) -> list[str]:
    """Return the faults of one load generator."""
    found = []
    if window.stalled > STALLED:
        found.append(f"{window.name} stood still for {window.stalled:.1f} s in the window")
    if window.throttled > THROTTLED * window.seconds:
        found.append(f"a CPU quota held {window.name} back for {window.throttled:.2f} s in the window")
    users, (began, ended) = _users(load, window), window.users
    if {began, ended} != {users}:
        found.append(f"{window.name} had {began} users at first and {ended} at last, instead of {users}")
    return found + (arrivals.late(window.arrivals, window.name) if window.arrivals else [])


def _users(load: Load, window: GeneratorWindow) -> int:
    """Return the users that a load generator should have, or the clients of an open load: at least one."""
    part = window.share.part(load.most_in_flight)
    return max(1, part) if isinstance(load, Open) else part


def _contradiction(load: Load, window: GeneratorWindow) -> str | None:
    """Return by how much the window of a load generator breaks Little's law for its share of the load."""
    if isinstance(load, Open):
        seen = window.arrivals
        if seen is None or seen.lost or not seen.offered:  # a backlog that grows has no steady state
            return None
        own = load.at(load.rate / window.share.of)
        return own.contradiction(seen.in_flight, seen.spent_ms / 1000, seen.seconds, seen.edges)
    if not window.requests:
        return None
    response = window.response_ms / window.requests / 1000
    return replace(load, users=_users(load, window)).contradiction(
        window.requests / window.seconds, response, window.seconds
    )


def _unlike(windows: Sequence[GeneratorWindow]) -> list[str]:
    """Return which median differs from that of the others by more than chance and ALIKE: one is far away, or sick."""
    usable = [each for each in windows if each.requests - each.failures >= FEWEST]
    if len(usable) < 2:
        return []
    found = []
    for window in usable:
        others = merged([each.latency for each in usable if each is not window])
        own, theirs = _median(window.latency), _median(others)
        if own[0] > theirs[1] * (1 + ALIKE) or theirs[0] > own[1] * (1 + ALIKE):
            middle = [duration((low + high) / 2) for low, high in (own, theirs)]
            found.append(f"{window.name} has a median of {middle[0]}, the others {middle[1]}")
    return found if len(usable) > 2 else found[:1]


def _median(latency: Mapping[float, int]) -> tuple[float, float]:
    """Return the interval, in milliseconds, that holds the median in the long run."""
    total = sum(latency.values())
    off = CHANCE * sqrt(total) / 2
    return _at(latency, total / 2 - off), _at(latency, total / 2 + off)


def _at(latency: Mapping[float, int], rank: float) -> float:
    seen = 0
    for value in sorted(latency):
        seen += latency[value]
        if seen >= rank:
            return value
    return max(latency)
