"""Views: all that load generators see of their users at one moment, one process alone or several together.

A view holds plain data, which a message can carry. Its times are ages: seconds until the view was made, by the clock of
the process that made it. No clock of one process is compared with that of another.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from statistics import fmean
from typing import Any, NamedTuple, TypeVar

from .sample import HELD, UNKNOWN, WAITS

Key = TypeVar("Key")

EVERY = 0.5
"""Seconds between two views, and between two events of the page."""

PICTURES = 2
"""Pictures per view: four a second."""

LATE = 2.0
"""Seconds by which the last picture of a view lags behind it; most requests have been answered by then."""


class Seen(NamedTuple):
    """One racer. Counts began with the run, or with its last change; a request is old if it began before that."""

    users: int
    """The users that are present."""
    in_flight: int
    """The requests in flight, old ones among them."""
    old_in_flight: int
    ended: int = 0
    """The requests that have ended, without old ones."""
    failed: int = 0
    """The failed ones among these."""
    old_ended: int = 0
    old_failed: int = 0
    latency: Mapping[float, int] = {}
    """The number of requests by response time in milliseconds, without old ones."""
    failed_latency: Mapping[float, int] = {}
    """The failed ones among these."""
    errors: Mapping[str, int] = {}
    """The number of failures by error, old ones among them."""
    drawn: int = 0
    """The users, or in an open model the requests, that the pictures show."""
    pictures: Sequence[str] = ()
    """The last pictures, one letter for each place (see sample.py), oldest first."""


class View(NamedTuple):
    """All racers, as one process sees them, or several together."""

    run: int
    """The number of the run; each change of a run begins another."""
    age: float
    """Seconds since the run began or changed."""
    racers: Sequence[Seen]
    due: int = 0
    """In an open model, the arrivals of each racer that were due since the run started."""
    gave_up: float | None = None
    """Seconds since a client last gave up, or None if none ever did."""
    begun: bool = True
    """False while a process has not said yet that the run has begun there: its counts are then missing."""
    busy: float = 0.0
    """Share of a core that the process has used since its view before; of several processes, the largest."""


def read(message: Sequence[Any]) -> View:
    """Return the view that a message carries as lists."""
    view = View(*message)
    return view._replace(racers=[Seen(*racer) for racer in view.racers])


def joined(views: Sequence[View]) -> View:
    """Return what several processes see together; they share the places of a picture in turn.

    The age is the mean of the ages. A rate between two joined views is then that of all processes, although each has
    counted until a moment of its own.
    """
    if len(views) == 1:
        return views[0]
    return View(
        run=views[0].run,
        age=fmean(view.age for view in views),
        racers=[_joined(parts) for parts in zip(*(view.racers for view in views), strict=True)],
        due=sum(view.due for view in views),
        gave_up=min((view.gave_up for view in views if view.gave_up is not None), default=None),
        begun=all(view.begun for view in views),
        busy=max(view.busy for view in views),
    )


def unbegun(view: View, run: int) -> View:
    """Return `view`, of an earlier run, as one of `run`: nothing is counted yet, and what is in flight is old."""
    racers = [
        Seen(seen.users, seen.in_flight, seen.in_flight, drawn=seen.drawn, pictures=seen.pictures)
        for seen in view.racers
    ]
    return View(run, 0.0, racers, gave_up=view.gave_up, begun=False, busy=view.busy)


def unknown(view: View) -> View:
    """Return `view`, that of a silent process, with the state of each request that it draws unknown."""
    hide = {ord(state): UNKNOWN for state in (HELD, WAITS)}
    racers = [seen._replace(pictures=[picture.translate(hide) for picture in seen.pictures]) for seen in view.racers]
    return view._replace(racers=racers)


def _joined(parts: Sequence[Seen]) -> Seen:
    return Seen(
        users=sum(part.users for part in parts),
        in_flight=sum(part.in_flight for part in parts),
        old_in_flight=sum(part.old_in_flight for part in parts),
        ended=sum(part.ended for part in parts),
        failed=sum(part.failed for part in parts),
        old_ended=sum(part.old_ended for part in parts),
        old_failed=sum(part.old_failed for part in parts),
        drawn=sum(part.drawn for part in parts),
        latency=_added([part.latency for part in parts]),
        failed_latency=_added([part.failed_latency for part in parts]),
        errors=_added([part.errors for part in parts]),
        pictures=[_dealt(pictures) for pictures in zip(*(part.pictures for part in parts), strict=True)],
    )


def _dealt(pictures: Sequence[str]) -> str:
    """Return one picture of several, which take its places in turn."""
    return "".join(letter for letters in zip_longest(*pictures, fillvalue="") for letter in letters)


def _added(counts: Sequence[Mapping[Key, int]]) -> Mapping[Key, int]:
    sums: Counter[Key] = Counter()
    for each in counts:
        sums.update(each)
    return sums
