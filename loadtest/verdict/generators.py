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
from .processors import FULL

FALLEN = "a load generator fell out"
"""The beginning of the doubt that a load generator ended, fell silent or lost a message."""

STALLED = 0.25
"""Seconds in which a load generator may stand still: longer than garbage collection or a busy machine takes."""

ROOMY = 0.6
"""CPU use, in cores, of each load generator if there are enough of them: above, requests begin to queue in it."""

ALIKE = 0.02
"""Share by which the medians of two load generators may differ, beside chance."""

CHANCE = 4.0
"""Standard deviations that a median, or the requests of a window, may be off by chance."""

FEWEST = 50
"""Requests of a load generator from which on its median is compared."""

APART = 0.1
"""Share of the shortest window by which windows may open or close at different moments, beside one turn of a user."""


def busiest(measured: Measured) -> str:
    """Return the CPU use of the busiest load generator in words."""
    told = f"{measured.busiest_generator_cpu:.0%} of a core"
    if not measured.generators:
        return told
    return f"{max(measured.generators, key=lambda each: each.cpu).name}: {told}"


def enough(measured: Measured, wanted: float) -> str:
    """Return in words how many load generators would do. `wanted`: requests per second, or 0 if unknown."""
    now = len(measured.generators) or 1
    cost = measured.working_generator_cpu * measured.seconds / measured.requests if measured.requests else 0.0
    number = max(now + 1, ceil(wanted * cost / ROOMY))
    far = measured.generators and not any(each.local for each in measured.generators)
    return f"{number} load generators with a core each (--{'remote-' if far else ''}generators {number})"


def doubts(load: Load, measured: Measured, *, together: bool, alike: bool = True) -> list[str]:
    """Return the reasons why the load of several generators cannot be trusted; none for a single one.

    `together`: many requests end at once, so that an edge of the window may cut any number of them. `alike`: all users
    send the same requests to processes with equal loads, so that all load generators should see the same latency.
    """
    if measured.faults:
        return [f"{FALLEN}: {fault}" for fault in measured.faults]  # the shares of the others are not the whole
    every, found = measured.generators, list[str]()
    for each in every:
        found += _own(load, each)
        law = None if together or measured.turns else _contradiction(load, each)
        found += [] if law is None else [f"{each.name}: {law}"]
    if len(every) > 1:
        found += _apart(load, measured)
    if alike and not (together or measured.turns or measured.parts):
        found += _unlike(load, every)
    return found


def _own(load: Load, window: GeneratorWindow) -> list[str]:
    """Return the faults of one load generator."""
    found = []
    if window.stalled > STALLED:
        found.append(f"{window.name} stood still for {window.stalled:.1f} s in the window")
    if window.throttled > THROTTLED * window.seconds:
        found.append(f"a CPU quota held {window.name} back for {window.throttled:.2f} s in the window")
    if not window.local and window.busy >= FULL:
        found.append(f"the cores of {window.host}, on which {window.name} ran, were {window.busy:.0%} busy")
    users, (began, ended) = window.share.part(load.most_in_flight), window.users
    if {began, ended} != {users}:
        found.append(f"{window.name} had {began} users at first and {ended} at last, instead of {users}")
    return found + (arrivals.late(window.arrivals, window.name) if window.arrivals else [])


def _contradiction(load: Load, window: GeneratorWindow) -> str | None:
    """Return by how much the window of a load generator breaks Little's law for its share of the load.

    The fewer users, the more an edge of a window cuts by chance.
    """
    if isinstance(load, Open):
        seen = window.arrivals
        if seen is None or seen.lost or not seen.offered:  # a backlog that grows has no steady state
            return None
        own = load.at(load.rate / min(window.share.of, load.most_in_flight))
        return own.contradiction(seen.in_flight, seen.spent_ms / 1000, seen.seconds, seen.edges)
    if not window.requests:
        return None
    users, response = window.share.part(load.most_in_flight), window.response_ms / window.requests / 1000
    cut = 1 + ceil(CHANCE * sqrt(users))
    rate = window.requests / window.seconds
    return replace(load, users=users).contradiction(rate, response, window.seconds, cut)


def _apart(load: Load, measured: Measured) -> list[str]:
    """Return by how much the windows lie apart, if it is more than they differ by whole turns of users."""
    working = [each for each in measured.generators if each.requests] or measured.generators
    turn = 0.0
    if not isinstance(load, Open) and measured.requests:
        turn = measured.response_ms / measured.requests / 1000 + load.conditions.get("think", 0.0)
    allowed = APART * min(each.seconds for each in working) + turn
    for word, moments in (("opened", [each.opened for each in working]), ("closed", [each.closed for each in working])):
        if max(moments) - min(moments) > allowed:
            return [f"the windows of the load generators {word} up to {max(moments) - min(moments):.1f} s apart"]
    return []


def _unlike(load: Load, windows: Sequence[GeneratorWindow]) -> list[str]:
    """Return which median differs from that of the others by more than chance and ALIKE: one is far away, or sick.

    What one user sees is one draw of chance, however many requests it sends: its connection stays with one process.
    """
    usable = [each for each in windows if sum(each.latency.values()) >= FEWEST]
    if len(usable) < 2:
        return []
    found = []
    for window in usable:
        rest = [each for each in usable if each is not window]
        theirs = merged([each.latency for each in rest])
        low, high = _median(window.latency, _draws(load, [window]))
        least, most = _median(theirs, _draws(load, rest))
        if low > most * (1 + ALIKE) or least > high * (1 + ALIKE):
            own, other = duration(_at(window.latency, 0.5)), duration(_at(theirs, 0.5))
            found.append(f"{window.name} has a median of {own}, the others {other}")
    return found if len(usable) > 2 else found[:1]


def _draws(load: Load, windows: Sequence[GeneratorWindow]) -> int:
    """Return the number of independent draws in some windows: the arrivals of an open load, else the users."""
    if isinstance(load, Open):
        return sum(sum(each.latency.values()) for each in windows)
    return sum(each.users[0] for each in windows)


def _median(latency: Mapping[float, int], draws: int) -> tuple[float, float]:
    """Return the interval, in milliseconds, that holds the median in the long run."""
    off = CHANCE / 2 / sqrt(max(1, draws))
    return _at(latency, 0.5 - off), _at(latency, 0.5 + off)


def _at(latency: Mapping[float, int], rank: float) -> float:
    """Return the latency in milliseconds at a rank, as a share of all; the least or the largest one beyond."""
    total, seen = sum(latency.values()), 0
    for value in sorted(latency):
        seen += latency[value]
        if seen >= rank * total:
            return value
    return max(latency)
