"""Find what held the event loops of a service in a window, from what its processes reported.

A stall is a callback, or a row of callbacks, that kept its loop from everything else for too long. What kind it is
follows from three clocks: how long it took, how long the loop's thread computed, and how long the machine let it wait
for a core. Which line it was follows from the stacks. A stack that was taken late says that something kept the
interpreter's lock: Python code gives it away every few milliseconds, a C function only when it returns.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from loadtest.results.stalls import (
    BLOCKING,
    BURST,
    COMPUTING,
    GARBAGE,
    LOCKED,
    NOT_SCHEDULED,
    RARE,
    Finding,
    Kind,
    Stretch,
    Waiting,
    WatchedLoop,
)
from loadtest.watch.inside.loops import Look
from loadtest.watch.readings import LoopReading, Stall
from loadtest.watch.sites import Site

FEWEST = 3
"""Stalls of a line that make a finding."""

SMALLEST = 0.002
"""Share of the loops' time that a finding holds at least: less may be chance."""

COMPUTES = 0.5
"""Share of a stall in which the thread computed, from which on it is a computation."""

KEPT = 0.7
"""Share of a stall by which the stacks were late, from which on a C function kept the lock. Of a computation in Python
it is about a half: after a nap of half the shortest stall, the watcher waits 5 ms for the lock."""

RELEASED = 0.25
"""Share of a stall by which the stacks were late, below which other threads could run Python code all the time."""

FREE = 0.7
"""Share of a window for which a loop may be held or compute if requests wait for something else."""

MOST_LINES = 5
"""Lines at which requests waited that are told."""


@dataclass(frozen=True)
class Found:
    """The findings of one window."""

    loops: list[WatchedLoop]
    findings: list[Finding]
    rare: list[Finding]
    not_scheduled_ms: float
    cpu: float
    """Seconds in which the threads of the loops computed."""
    waited: float
    """Seconds in which the loops were held and did not compute."""
    computed: Sequence[float]
    """CPU seconds of each finding."""


@dataclass
class _Group:
    """The stalls of one line."""

    parts: "list[tuple[_Held, float]]" = field(default_factory=list)
    """Each stall with the share of it that the line took."""
    sites: Counter[Site] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Held:
    """One stall, judged. `seconds`: without the time for which the machine ran something else."""

    stall: Stall
    seconds: float
    cpu: float
    """The share of it in which the thread computed."""
    late: float
    """The share of it by which stacks were late."""
    kind: Kind


def found(loops: Sequence[LoopReading], window: tuple[float, float], requests: int, least: float) -> Found:
    """Return what held the loops in a window, between two moments of perf_counter.

    `requests`: those that ended in it. `least`: seconds of a stall that counts.
    """
    inside = {
        number: [stall for stall in loop.stalls if window[0] <= stall.began < window[1]]
        for number, loop in enumerate(loops)
    }
    held = {id(stall): judged for stalls in inside.values() for stall in stalls if (judged := _judged(stall, least))}
    groups = _groups(held.values())
    total = (window[1] - window[0]) * max(1, len(loops))
    every = {key: _finding(key, group, total, requests) for key, group in groups.items()}
    told = sorted(
        (key for key, each in every.items() if each.times >= FEWEST and each.share >= SMALLEST),
        key=lambda key: -every[key].share,
    )
    names = _names(groups, told)
    watched = [_watched(loop, window, inside[number], held, names) for number, loop in enumerate(loops)]
    lost = [stall for stalls in inside.values() for stall in stalls if id(stall) not in held]
    return Found(
        loops=watched,
        findings=[every[key] for key in told],
        rare=sorted((every[key] for key in every.keys() - set(told)), key=lambda each: -each.worst_ms),
        not_scheduled_ms=sum(stall.took for stall in lost) * 1000,
        cpu=computed(loops, window),
        waited=sum(each.seconds * (1 - each.cpu) for each in held.values()),
        computed=[sum(each.seconds * each.cpu * share for each, share in groups[key].parts) for key in told],
    )


def computed(loops: Sequence[LoopReading], window: tuple[float, float]) -> float:
    """Return the CPU seconds of the threads of all loops in a window."""
    return sum(_spent(loop.clocks, window)[0] for loop in loops)


def _judged(stall: Stall, least: float) -> _Held | None:
    """Return a stall with its kind, or None if the machine ran something else for most of it."""
    took, delayed = stall.took, min(stall.took, _delay(stall.before, stall.after))
    seconds = took - delayed
    if seconds < least or delayed >= took / 2:
        return None
    late = min(1.0, sum(each.late for each in stall.seen) / took)
    cpu = _computed(stall, seconds)
    if stall.garbage >= seconds / 2:
        kind = GARBAGE
    elif stall.row:
        kind = BURST
    elif late >= KEPT:
        kind = LOCKED
    else:
        kind = COMPUTING if cpu >= COMPUTES else BLOCKING
    return _Held(stall, seconds, cpu, late, kind)


def _delay(before: Look, after: Look) -> float:
    return 0.0 if before.delay is None or after.delay is None else after.delay - before.delay


def _computed(stall: Stall, seconds: float) -> float:
    """Return the share of a stall in which its thread computed.

    The first stack divides it: what was computed after that is certain. Before it, some of the time since the look
    before may have been that of other callbacks.
    """
    whole = stall.after.cpu - stall.before.cpu
    if stall.first is None:
        return min(1.0, whole / seconds)
    rest = stall.after.moment - stall.first.moment
    sure = stall.after.cpu - stall.first.cpu
    if rest < stall.took / 3:  # a C function that kept the lock until it was nearly over
        return min(1.0, whole / seconds)
    return min(1.0, sure / max(1e-6, rest - _delay(stall.first, stall.after)))


Key = tuple[Kind, str, str, int]


def _names(groups: Mapping[Key, _Group], told: Sequence[Key]) -> dict[int, str]:
    """Return what each stall is shown as: the number of the finding that took the largest part of it, or RARE."""
    largest: dict[int, tuple[float, Key]] = {}
    for key, group in groups.items():
        for each, share in group.parts:
            largest[id(each.stall)] = max(largest.get(id(each.stall), (0.0, key)), (share, key))
    return {stall: str(told.index(key)) if key in told else RARE for stall, (_, key) in largest.items()}


def _groups(held: Iterable[_Held]) -> dict[Key, _Group]:
    """Return the stalls by kind and line; those of a computation by function, for its lines are one piece of work."""
    groups: dict[Key, _Group] = defaultdict(_Group)
    for each in held:
        seen = [one for one in each.stall.seen if one.site.own] or each.stall.seen
        weights = {one: one.times + one.late for one in seen}
        if each.kind == GARBAGE or not weights:
            groups[each.kind, "", "", 0].parts.append((each, 1.0))
            continue
        whole = sum(weights.values())
        parts: Counter[Key] = Counter()
        for one, weight in weights.items():
            key = _key(each.kind, one.site)
            parts[key] += weight / whole  # type: ignore[assignment] # counts may be shares
            groups[key].sites[one.site] += weight  # type: ignore[assignment] # see above
        for key, share in parts.items():
            groups[key].parts.append((each, share))
        for key in parts:
            for route in {one.route for one in seen if one.route and _key(each.kind, one.site) == key}:
                groups[key].routes[route] += 1
    return _adopted(groups)


def _adopted(groups: dict[Key, _Group]) -> dict[Key, _Group]:
    """Return the groups with stalls of which no stack was taken, as short ones, among those of the same kind."""
    for key in [key for key in groups if not key[1] and key[0] != GARBAGE]:
        alike = [other for other in groups if other[0] == key[0] and other[1]]
        if alike:
            largest = max(alike, key=lambda other: len(groups[other].parts))
            groups[largest].parts += groups.pop(key).parts
    return groups


def _key(kind: Kind, site: Site) -> Key:
    return kind, site.file, site.function, 0 if kind in (COMPUTING, BURST) else site.line


def _finding(key: Key, group: _Group, total: float, requests: int) -> Finding:
    times = [each.seconds * share * 1000 for each, share in group.parts]
    whole = sum(times)
    weighed = [(each, each.seconds * share) for each, share in group.parts]
    seconds = sum(weight for _, weight in weighed)
    return Finding(
        kind=key[0],
        site=max(group.sites, key=lambda site: group.sites[site], default=None),
        routes=dict(group.routes.most_common()),
        times=len(times),
        p50_ms=median(times),
        worst_ms=max(times),
        request_ms=whole / max(1, requests),
        share=min(1.0, seconds / total),
        cpu=sum(each.cpu * weight for each, weight in weighed) / seconds,
        releases_lock=sum(each.late * weight for each, weight in weighed) / seconds < RELEASED,
    )


def _watched(
    loop: LoopReading,
    window: tuple[float, float],
    stalls: Sequence[Stall],
    held: Mapping[int, _Held],
    names: Mapping[int, str],
) -> WatchedLoop:
    opened, closed = window
    seconds = closed - opened
    cpu, delay = _spent(loop.clocks, window)
    waited = sum(each.seconds * (1 - each.cpu) for stall in stalls if (each := held.get(id(stall))))
    return WatchedLoop(
        process=loop.process,
        made_of=loop.made_of,
        busy=min(1.0, (cpu + waited) / seconds),
        cpu=min(1.0, cpu / seconds),
        delayed=min(1.0, delay / seconds),
        stretches=[
            Stretch(
                begin=stall.began - opened,
                end=min(closed, stall.began + stall.took) - opened,
                what=names.get(id(stall), NOT_SCHEDULED),
            )
            for stall in stalls
        ],
    )


def _spent(clocks: Sequence[Look], window: tuple[float, float]) -> tuple[float, float]:
    """Return the CPU seconds and the delay of a loop's thread in a window, from the looks nearest to its edges."""
    if len(clocks) < 2:
        return 0.0, 0.0
    first, last = (min(clocks, key=lambda look: abs(look.moment - edge)) for edge in window)
    if last.moment <= first.moment:
        return 0.0, 0.0
    factor = (window[1] - window[0]) / (last.moment - first.moment)
    return (last.cpu - first.cpu) * factor, _delay(first, last) * factor


def waiting(loops: Sequence[LoopReading], window: tuple[float, float]) -> list[Waiting]:
    """Return the lines at which requests waited in a window, that of most requests first; none if loops were busy.

    Tasks that serve no request count only if no task does, as with a framework whose requests are not recognized.
    """
    seconds = window[1] - window[0]
    if any(_spent(loop.clocks, window)[0] + _stalled(loop, window) > FREE * seconds for loop in loops):
        return []
    looks = [
        each for loop in loops for moment, waits in loop.waits if window[0] <= moment <= window[1] for each in waits
    ]
    requests = [each for each in looks if each.route] or looks
    seen: Counter[Site] = Counter()
    for each in requests:
        seen[each.site] += each.times
    whole = sum(seen.values())
    return [Waiting(site=site, share=times / whole) for site, times in seen.most_common(MOST_LINES)]


def _stalled(loop: LoopReading, window: tuple[float, float]) -> float:
    """Return the seconds of a window in stalls whose thread did not compute."""
    return sum(
        max(0.0, each.took - (each.after.cpu - each.before.cpu))
        for each in loop.stalls
        if window[0] <= each.began < window[1]
    )
