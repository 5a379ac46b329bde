"""The lane of one racer on the page: its figures, its caption and its pictures, from one view to the next."""

from collections import deque
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from loadtest.generator.profile import AHEAD
from loadtest.web_ui.racers import Racer
from loadtest.workload.demand import Demand
from loadtest.workload.open import PATIENCE, Open

from .captions import READY, RUNNING, STARTING, Race, caption
from .figures import Figures, History, Reading
from .held import Held, captioned
from .lag import Lag
from .sample import HELD, NOTHING
from .view import EVERY, LATE, PICTURES, Seen, View
from .words import Caption


class Look(NamedTuple):
    """The moment of an event, and the race then. Times are in seconds since the run began or changed."""

    race: Race
    view: View
    there: float
    """The time at which all users had started; before that, a time of an earlier run."""
    deadline: float
    """The seconds within which an answer of an open load comes in time."""
    silence: str
    """A sentence that names the load generators that are silent, or an empty string."""


class Lane:
    """One racer on the page, from one view to the next."""

    def __init__(self, racer: Racer) -> None:
        self.racer = racer
        self.lag = Lag(racer.url, racer.service.workers) if racer.service.on_a_loop else None
        self._held = Held(Path(racer.reports)) if racer.reports else None
        self._history = History()
        self._known = False
        """True if all load generators were heard of at the last view."""
        self._final: Figures | None = None
        """The last figures before the run was stopped."""
        self._stale = 0.0
        """Time at which a request from before the last change was last in flight (seconds since the change)."""
        self._seen = deque[str](maxlen=round(LATE / EVERY) * PICTURES)
        """The last pictures since the last change: one alone may show a moment that is unlike others."""

    def begin_anew(self, changed: float) -> None:
        """Forget what was seen before the run started or changed, at `changed` (perf_counter)."""
        self._seen.clear()
        self._stale = 0.0
        if self.lag is not None:
            self.lag.begin_anew()
        if self._held is not None:
            self._held.begin_anew(changed)

    def look_away(self) -> None:
        """Forget the last figures, because what follows is not seen."""
        self._final = None

    def figures(self, seen: Seen, foretold: Demand | None, look: Look) -> Figures:
        """Return the figures of the racer; without throughput and latency while a load generator is silent."""
        race, view = look.race, look.view
        if seen.old_in_flight:
            self._stale = view.age
        is_open = isinstance(race.load, Open)
        known = not look.silence and view.begun
        if not (known and self._known):  # the figures begin with the first view of all load generators
            self._history = History()
        self._known = known
        self._history.add(
            Reading(
                clock=view.age,
                counted_since=view.run,
                # of arrivals, a backlog counts until it is served
                requests=seen.ended + (seen.old_ended if is_open else 0),
                failures=seen.failed + (seen.old_failed if is_open else 0),
                latency=seen.latency,
                failed_latency=seen.failed_latency,
                users=seen.users,
                in_flight=seen.in_flight,
                due=view.due,
            ),
            0.0,
        )
        wait = foretold.wait if foretold else 0.0
        # in a closed model starts are spread over one wait; then each user waits once
        turn = wait + (AHEAD if is_open else wait)
        now = self._history.figures(race.load, foretold, max(look.there + turn, self._stale), look.deadline)
        if seen.old_in_flight and not is_open:  # the service still answers what is not counted
            now = replace(now, old=seen.old_in_flight, throughput=now.throughput if now.answered else None)
        if race.state in (STARTING, RUNNING):
            self._final = now
        elif (final := self._final) is not None:
            return replace(
                final, users=now.users, in_flight=now.in_flight, requests=now.requests, failures=now.failures, old=0
            )
        return now

    def shown(self, seen: Seen, foretold: Demand | None, now: Figures, look: Look, clock: float) -> dict[str, Any]:
        """Return what the page shows, by the names that its script knows; `clock`: now (perf_counter)."""
        moments = [look.view.age - LATE - EVERY * (PICTURES - each) / PICTURES for each in range(1, PICTURES + 1)]
        self._seen.extend(
            picture for moment, picture in zip(moments, seen.pictures, strict=True) if moment > self._stale
        )
        marks_seen = "".join(self._seen).replace(NOTHING, "")
        held = marks_seen.count(HELD) / len(marks_seen) if marks_seen else 0.0
        error = max(seen.errors, key=lambda each: seen.errors[each], default=None)
        said = caption(look.race, self.racer.service, foretold, replace(now, held=held), error)
        if look.silence and look.race.state in (STARTING, RUNNING):
            said = Caption("silent", "no figures until all load generators answer")
        if self._held is not None and look.race.state != READY:
            said = captioned(said, self._held.sentence(clock))
        return {
            "kind": said.kind,
            "caption": said.sentence,
            "stands": None if self.lag is None or not now.in_flight else self.lag.stands(clock),
            "users": now.users,
            "in_flight": now.in_flight,
            "requests": now.requests,
            "failures": now.failures,
            "throughput": now.throughput,
            "predicted": None if now.predicted is None else now.predicted.throughput,
            "ratio": now.ratio,
            "p50": _shown(now.p50),
            "p99": _shown(now.p99),
            "arriving": now.arriving,
            "in_time": None if now.arriving is None else now.good / now.seconds,
            "looked_at": seen.drawn,
            "pictures": seen.pictures,
        }


def _shown(milliseconds: float | None) -> float | str | None:
    """Return a percentile as it is shown: in words if it is that of a request without an answer."""
    return f"> {PATIENCE:g} s" if milliseconds == inf else milliseconds
