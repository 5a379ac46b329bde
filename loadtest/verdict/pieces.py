"""Divide stalls into pieces, one for each line that was seen, without the time for which the machine ran others."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtest.results.stalls import BURST, GARBAGE, OTHER_THREAD, Kind
from loadtest.watch.readings import LoopReading, Seen, Stall
from loadtest.watch.sites import Site

from .kinds import COMPUTES, IDLE, released
from .spent import delay_between

UNSEEN = 2.0
"""A computation that lasts so many times the shortest stall without one look at it: a C function kept the lock."""

SMALL = 0.1
"""Share of a stall under which a line in it counts with the line that took most of it."""


@dataclass(frozen=True)
class Piece:
    """A part of a stall: `seconds` on a line, of which the thread computed for `cpu`, and stacks were `late`.

    `site`: None if no line was seen. `special`: the kind if it is that of the whole stall.
    """

    stall: Stall
    site: Site | None
    routes: frozenset[str]
    seconds: float
    cpu: float
    late: float
    special: Kind | None = None


def stalls_within(loop: LoopReading, window: tuple[float, float]) -> list[Stall]:
    """Return the stalls of a loop that began in a window, with the callback that still ran at its end."""
    opened, closed = window
    found = [stall for stall in loop.stalls if opened <= stall.began < closed]
    holds = loop.holds
    if holds is not None and holds.began < closed and holds.began + holds.took > opened:
        found.append(holds)
    return found


def delayed(stall: Stall) -> float:
    """Return the seconds of a stall for which its thread could have run, but the machine ran something else.

    The look before it may be older: only what fits before the first stack counts of what was found there.
    """
    before, first, after = stall.before, stall.first, stall.after
    if first is None:
        return min(stall.took, delay_between(before, after))
    return min(stall.took, min(delay_between(before, first), first.moment - stall.began) + delay_between(first, after))


def pieces(stall: Stall, least: float) -> list[Piece]:
    """Return the pieces of a stall; none if the service itself held the loop for less than `least` seconds."""
    own = stall.took - delayed(stall)
    if own < least:
        return []
    cpu = min(own, max(0.0, stall.after.cpu - stall.before.cpu))
    if stall.garbage >= own / 2:
        return [Piece(stall, None, frozenset(), own, cpu, 0.0, GARBAGE)]
    if not stall.seen:
        unseen = not stall.row and cpu >= COMPUTES * own and own >= UNSEEN * least
        return [Piece(stall, None, frozenset(), own, cpu, own if unseen else 0.0, BURST if stall.row else None)]
    computed, late = (sum(getattr(each, name) for each in stall.seen) for name in ("cpu", "late"))
    if stall.row and computed < IDLE * own and late >= released(least) * own:
        return [Piece(stall, None, frozenset(), own, computed, own, OTHER_THREAD)]
    return list(_of_lines(stall, own, BURST if stall.row else None))


def _of_lines(stall: Stall, own: float, special: Kind | None) -> Iterator[Piece]:
    """Yield the pieces of the lines that were seen: of libraries only if none is the service's own."""
    seen: Sequence[Seen] = [each for each in stall.seen if each.site.own] or stall.seen
    lines: Counter[Site] = Counter()
    for each in seen:
        lines[each.site] += each.seconds  # type: ignore[assignment] # seconds, not a count
    largest = max(lines, key=lambda site: lines[site])
    whole = sum(lines.values())
    small = {site for site, seconds in lines.items() if seconds < SMALL * whole}
    for site in lines:
        if site in small:
            continue
        mine = [each for each in seen if each.site == site or (site == largest and each.site in small)]
        spent = sum(each.seconds for each in mine)
        seconds = own * spent / whole if whole else own
        yield Piece(
            stall=stall,
            site=site,
            routes=frozenset(each.route for each in mine if each.route),
            seconds=seconds,
            cpu=min(seconds, sum(each.cpu for each in mine)),
            late=min(seconds, sum(each.late for each in mine)),
            special=special,
        )
