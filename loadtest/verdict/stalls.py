"""Find what held the event loops of a service in a window, from what its processes reported.

The pieces of stalls are grouped by line; then the kind of each line follows from all of its pieces together. Lines of a
computation count as one if they are in one function: they are one piece of work.
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
    OTHER_THREAD,
    RARE,
    Finding,
    Kind,
    Stretch,
    WatchedLoop,
)
from loadtest.watch.readings import LoopReading, Stall
from loadtest.watch.sites import Site

from .kinds import kind_of, released
from .pieces import Piece, delayed, pieces, stalls_within
from .spent import computed, spent

FEWEST = 3
"""Stalls of a line that make a finding."""

SMALLEST = 0.002
"""Share of one loop's time that they take at least: less may be chance."""

LARGE = 0.01
"""Share of one loop's time from which on even one stall of a line is a finding, and garbage collection is one: every
Python service collects now and then."""

LINES: Sequence[Kind] = (BLOCKING, COMPUTING, LOCKED)
"""The kinds that are those of a line."""


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
    """The pieces of one finding."""

    kind: Kind
    pieces: list[Piece] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.pieces)

    @property
    def cpu(self) -> float:
        return sum(each.cpu for each in self.pieces)

    @property
    def late(self) -> float:
        return sum(each.late for each in self.pieces)

    @property
    def site(self) -> Site | None:
        """The line that took the most of its time."""
        lines: Counter[Site] = Counter()
        for each in self.pieces:
            if each.site is not None:
                lines[each.site] += each.seconds  # type: ignore[assignment] # seconds, not a count
        return max(lines, key=lambda site: lines[site], default=None)

    @property
    def routes(self) -> Counter[str]:
        stalls: dict[int, set[str]] = defaultdict(set)
        for each in self.pieces:
            stalls[id(each.stall)] |= each.routes
        return Counter(route for routes in stalls.values() for route in sorted(routes))

    def by_stall(self) -> dict[int, float]:
        """Return its seconds in each stall."""
        found: dict[int, float] = defaultdict(float)
        for each in self.pieces:
            found[id(each.stall)] += each.seconds
        return found


def found(loops: Sequence[LoopReading], window: tuple[float, float], requests: int, least: float) -> Found:
    """Return what held the loops in a window, between two moments of perf_counter.

    `requests`: those that ended in it. `least`: seconds of a stall that counts.
    """
    seconds = window[1] - window[0]
    inside = [stalls_within(loop, window) for loop in loops]
    every = [piece for stalls in inside for stall in stalls for piece in pieces(stall, least)]
    groups = sorted(_groups(every, least), key=lambda group: -group.seconds)
    told = [group for group in groups if _tells(group, seconds)]
    names = _names(groups, told)
    watched = [_watched(loop, window, stalls, every, names) for loop, stalls in zip(loops, inside, strict=True)]
    return Found(
        loops=watched,
        findings=[_finding(group, seconds * len(loops), requests, least) for group in told],
        rare=sorted(
            (_finding(group, seconds * len(loops), requests, least) for group in groups if group not in told),
            key=lambda each: -each.worst_ms,
        ),
        not_scheduled_ms=sum(delayed(stall) for stalls in inside for stall in stalls) * 1000,
        cpu=computed(loops, window),
        waited=sum(each.seconds - each.cpu for each in every) + sum(each.short for each in watched) * seconds,
        computed=[group.cpu for group in told],
    )


def _tells(group: _Group, seconds: float) -> bool:
    if len(group.by_stall()) >= FEWEST:
        return group.seconds >= (LARGE if group.kind == GARBAGE else SMALLEST) * seconds
    return group.kind in LINES and group.seconds >= LARGE * seconds


def _groups(every: Iterable[Piece], least: float) -> list[_Group]:
    """Return the groups of pieces, each with its kind."""
    lines: dict[tuple[object, ...], list[Piece]] = defaultdict(list)
    for each in every:
        site = each.site
        lines[each.special, *((site.file, site.line, site.function) if site else ())].append(each)
    groups: dict[tuple[object, ...], _Group] = {}
    for mine in lines.values():
        kind, site = _kind(mine, least), mine[0].site
        key: tuple[object, ...] = (kind,)
        if site is not None and kind != OTHER_THREAD:
            key = (kind, site.file, site.function, 0 if kind in (COMPUTING, BURST) else site.line)
        groups.setdefault(key, _Group(kind)).pieces.extend(mine)
    return _adopted([*groups.values()])


def _kind(mine: Sequence[Piece], least: float) -> Kind:
    if mine[0].special is not None:
        return mine[0].special
    seconds = sum(each.seconds for each in mine)
    return kind_of(sum(each.cpu for each in mine) / seconds, sum(each.late for each in mine) / seconds, least)


def _adopted(groups: list[_Group]) -> list[_Group]:
    """Return the groups of known lines, with the stalls of which no stack, or no stack in time, was taken.

    A stack is taken as soon as a C function gives the lock back. On a busy machine that may be a few lines later, when
    a library sends the response.
    """
    known = [each for each in groups if not _stray(each)]
    for stray in filter(_stray, groups):
        alike = [each for each in known if _alike(stray, each)]
        if alike:
            nearest = max(alike, key=lambda each: (each.kind == stray.kind, len(each.pieces)))
            nearest.pieces += stray.pieces
        else:
            known.append(stray)
    return known


def _stray(group: _Group) -> bool:
    """Return True if no line was seen, or only that of a library after a C function had kept the lock."""
    if group.kind in (GARBAGE, OTHER_THREAD):
        return False
    site = group.site
    return site is None or (group.kind in (LOCKED, BURST) and not site.own)


def _alike(stray: _Group, other: _Group) -> bool:
    """Return True if stalls may be of the same line. One of which no stack was taken may have kept the lock or not."""
    if stray.site is None:
        return stray.kind == other.kind or {stray.kind, other.kind} == {COMPUTING, LOCKED}
    return stray.kind == other.kind and (stray.kind == BURST or bool(stray.routes & other.routes))


def _finding(group: _Group, total: float, requests: int, least: float) -> Finding:
    times = [seconds * 1000 for seconds in group.by_stall().values()]
    return Finding(
        kind=group.kind,
        site=None if group.kind == OTHER_THREAD else group.site,
        routes=dict(group.routes.most_common()),
        times=len(times),
        p50_ms=median(times),
        worst_ms=max(times),
        request_ms=sum(times) / max(1, requests),
        share=min(1.0, group.seconds / total),
        cpu=min(1.0, group.cpu / group.seconds),
        releases_lock=group.late / group.seconds < released(least),
    )


def _names(groups: Sequence[_Group], told: Sequence[_Group]) -> dict[int, str]:
    """Return what each stall is shown as: the number of the finding that took the largest part of it, or RARE."""
    largest: dict[int, tuple[float, str]] = {}
    for group in groups:
        name = str(told.index(group)) if group in told else RARE
        for stall, seconds in group.by_stall().items():
            if seconds > largest.get(stall, (0.0, ""))[0]:
                largest[stall] = seconds, name
    return {stall: name for stall, (_, name) in largest.items()}


def _watched(
    loop: LoopReading,
    window: tuple[float, float],
    stalls: Sequence[Stall],
    every: Sequence[Piece],
    names: Mapping[int, str],
) -> WatchedLoop:
    opened, closed = window
    seconds = closed - opened
    cpu, delay, busy = spent(loop, window)
    known = {id(stall) for stall in stalls}
    waited = sum(each.seconds - each.cpu for each in every if id(each.stall) in known)
    short = max(0.0, busy - delay - cpu - waited)
    return WatchedLoop(
        process=loop.process,
        made_of=loop.made_of,
        busy=min(1.0, (cpu + waited + short) / seconds),
        cpu=min(1.0, cpu / seconds),
        delayed=min(1.0, delay / seconds),
        stretches=[
            Stretch(
                begin=max(opened, stall.began) - opened,
                end=min(closed, stall.began + stall.took) - opened,
                what=names.get(id(stall), NOT_SCHEDULED),
            )
            for stall in stalls
        ],
        short=min(1.0, short / seconds),
    )
