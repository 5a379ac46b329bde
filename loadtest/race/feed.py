"""The events that the page receives twice a second while it is open."""

import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Any, NamedTuple
from uuid import uuid4

import gevent
import psutil
from gevent.event import Event
from locust.env import Environment

from loadtest.generator.profile import AHEAD, ProfileArrivals
from loadtest.generator.users import GaveUp, WaitingUser
from loadtest.results.histogram import merged
from loadtest.verdict.bounds import MACHINE_BUSY
from loadtest.verdict.processors import GENERATOR_BUSY
from loadtest.web_ui.racers import Racer
from loadtest.workload.demand import Demand
from loadtest.workload.open import PATIENCE, Open
from loadtest.workload.scenarios import MIXED, POOLS, THREADS
from loadtest.workload.scenarios import demand as demand_of

from .captions import READY, RUNNING, STARTING, Race, caption
from .control import Control
from .figures import Figures, History, Reading
from .flights import Flights
from .lag import Lag
from .lead import lead, short
from .sample import HELD, NOTHING, Sample
from .tally import Tally
from .wall import Wall
from .words import marks

EVERY = 0.5
"""Seconds between two events."""

PICTURES = 2
"""Pictures per event: four a second."""

LINGERS = 3.0
"""Seconds that events continue without a client, so that a reload of the page loses nothing."""

LATE = 2.0
"""Seconds by which the last picture of an event lags behind it; most requests have been answered by then."""


IN_TIME = 1.0
"""Seconds beyond the wait of a request alone within which an answer of an open load comes in time."""

ABANDONED = 60.0
"""Seconds after a client gave up in which the page says that its service may still work on abandoned requests."""


class Look(NamedTuple):
    """The moment of an event, and the race then."""

    race: Race
    clock: float
    """The moment (perf_counter)."""
    deadline: float
    """The seconds within which an answer of an open load comes in time."""


class Feed:
    """The stream of events, made once for all clients."""

    def __init__(
        self,
        environment: Environment,
        racers: Sequence[Racer],
        control: Control,
        arrivals: ProfileArrivals,
        wall: Wall | None = None,
    ) -> None:
        self.page = uuid4().hex
        """An id of this process: a page with another id is out of date."""
        self._environment = environment
        self._control = control
        self._arrivals = arrivals
        self._racers = racers
        self._wall = wall
        self._samples: list[Sample | Flights] = [Sample() for _ in racers]
        self._histories = [History() for _ in racers]
        self._lags = [Lag(racer.url, racer.service.workers) if racer.service.on_a_loop else None for racer in racers]
        self._tallies = {racer.name: Tally() for racer in racers}
        self._counted_since = 0.0
        """Time at which Locust's statistics began, by its own clock, and the tallies with them."""
        self._changed = 0.0
        """Time of the last change of the run that an event has shown (perf_counter)."""
        self._final: list[Figures | None] = [None] * len(racers)
        """The last figures of each racer before its run was stopped."""
        self._gave_up = -ABANDONED
        """Time at which a client last gave up (perf_counter)."""
        self._stale = [0.0] * len(racers)
        """Time, by racer, at which a request from before the last change was last in flight (perf_counter)."""
        self._seen = [deque[str](maxlen=round(LATE / EVERY) * PICTURES) for _ in racers]
        """The last pictures of each racer since the last change: one alone may show a moment that is unlike others."""
        self._generator = psutil.Process()
        self._told = Event()
        self._event = b""
        self._lookers = 0
        self._left = 0.0
        """Time at which a client last disconnected (perf_counter)."""
        self._tells = False
        self._busy: tuple[float, float] | None = None
        environment.events.request.add_listener(self._on_request)  # type: ignore[no-untyped-call] # untyped in Locust

    def events(self) -> Iterator[bytes]:
        """Yield server-sent events as they are made; each holds all that a page needs."""
        self._lookers += 1
        if not self._tells:
            self._tells = True
            gevent.spawn(self._tell_on)
        try:
            while True:
                self._told.wait()
                yield self._event
        finally:
            self._lookers -= 1
            self._left = time.perf_counter()

    def _tell_on(self) -> None:
        self._usage()  # discards the time before the first client
        self._busy, due = None, time.perf_counter()
        watchers = [gevent.spawn(lag.watch) for lag in self._lags if lag is not None]
        try:
            while self._lookers or time.perf_counter() < self._left + LINGERS:
                self._event = f"data: {json.dumps(self._now(), separators=(',', ':'))}\n\n".encode()
                self._told.set()
                self._told.clear()
                due = max(due + EVERY, time.perf_counter())
                gevent.sleep(max(0.0, due - time.perf_counter()))
                self._busy = self._usage()
        finally:
            self._tells = False
            gevent.killall(watchers, block=False)
            self._final = [None] * len(self._racers)  # what follows is not seen
            for sample in self._samples:
                sample.look_away()

    def _usage(self) -> tuple[float, float]:
        """Return the busy share of all cores and the cores used by this process, both since the last call."""
        return psutil.cpu_percent() / 100, self._generator.cpu_percent() / 100

    def _doubt(self) -> str:
        machine, generator = self._busy or (0.0, 0.0)
        if generator >= GENERATOR_BUSY:
            return f"The load generator is saturated ({generator:.0%} of a core): the services could serve more."
        if self._control.gave_up:
            return "The last stop timed out: services may still work on abandoned requests."
        if self._abandoned(time.perf_counter()):
            return "Clients gave up: services may still work on abandoned requests."
        if machine >= MACHINE_BUSY:
            return f"The machine is saturated ({machine:.0%} of all cores): the services compete for CPU."
        return ""

    def _abandoned(self, clock: float) -> bool:
        """Return True if a client gave up lately."""
        return clock < self._gave_up + ABANDONED

    def _now(self) -> dict[str, Any]:
        control, clock = self._control, time.perf_counter()
        race = Race(control.state, control.scenario, control.load)
        if self._changed != control.changed:
            self._changed = control.changed
            for lag, seen in zip(self._lags, self._seen, strict=True):
                seen.clear()
                if lag is not None:
                    lag.begin_anew()
        foretold = [self._foretold(racer, race) for racer in self._racers]
        alone = max((each.alone for each in foretold if each is not None), default=control.wait or 0.0)
        look = Look(race, clock, round(alone + IN_TIME, 3))
        everyone = [*zip(control.everyone(), foretold, strict=True)]
        figures = [self._figures(number, users, demand, look) for number, (users, demand) in enumerate(everyone)]
        by_name = dict(zip(short([racer.name for racer in self._racers]), figures, strict=True))
        leads = lead(race, by_name, look.deadline, abandoned=self._gave_up < control.changed and self._abandoned(clock))
        if self._wall is not None:
            asked = [racer.name for racer in self._racers].index(self._wall.asked.racer)
            self._wall.follow(race, control.delay, figures[asked])
        return {
            "page": self.page,
            "state": race.state,
            "users": race.users,
            "rate": race.load.amount if isinstance(race.load, Open) else None,
            "delay": control.delay,
            "scenario": race.scenario,
            "ends": None if control.ends is None else max(0.0, control.ends - clock),
            "busy": self._busy,
            "doubt": self._doubt(),
            "lead": leads._asdict(),
            "marks": marks(race.scenario)._asdict(),
            "wall": None if self._wall is None else self._wall.shown(),
            "racers": [
                self._racer(number, users, demand, figures[number], look)
                for number, (users, demand) in enumerate(everyone)
            ],
        }

    def _figures(self, number: int, users: list[WaitingUser], foretold: Demand | None, look: Look) -> Figures:
        race, clock = look.race, look.clock
        racer, control = self._racers[number], self._control
        entries = [
            entry for (name, _), entry in self._environment.stats.entries.items() if name.startswith(f"{racer.name} ")
        ]
        asked = [user.asked_at for user in users if user.asked_at is not None]
        old = sum(each < control.changed for each in asked)
        if old:
            self._stale[number] = clock
        is_open = isinstance(race.load, Open)
        history, tally = self._histories[number], self._tally(racer.name)
        uncounted = Counter[float]() if is_open else tally.old  # of arrivals, a backlog counts until it is served
        history.add(
            Reading(
                clock=clock,
                counted_since=self._environment.stats.start_time,
                requests=sum(entry.num_requests for entry in entries) - uncounted.total(),
                failures=sum(entry.num_failures for entry in entries) - (0 if is_open else tally.old_failed.total()),
                latency=Counter(merged([entry.response_times for entry in entries])) - tally.old,  # type: ignore[misc] # the installed buckets are floats
                failed_latency=tally.failed - tally.old_failed,
                users=len(users),
                in_flight=len(asked),
                due=self._arrivals.due(clock),
            ),
            control.changed,
        )
        wait = foretold.wait if foretold else 0.0
        # in a closed model starts are spread over one wait; then each user waits once
        turn = wait + (AHEAD if is_open else wait)
        settled = max(control.there + turn, self._stale[number])
        now = history.figures(race.load, foretold, settled, look.deadline)
        if old and not is_open:  # the service still answers what is not counted
            now = replace(now, old=old, throughput=now.throughput if now.answered else None)
        if race.state in (STARTING, RUNNING):
            self._final[number] = now
        elif (final := self._final[number]) is not None:
            return replace(
                final, users=now.users, in_flight=now.in_flight, requests=now.requests, failures=now.failures, old=0
            )
        return now

    def _racer(
        self, number: int, users: list[WaitingUser], foretold: Demand | None, now: Figures, look: Look
    ) -> dict[str, Any]:
        race, clock = look.race, look.clock
        racer, sample, lag = self._racers[number], self._sample(number, race), self._lags[number]
        sample.look(users)
        moments = [clock - LATE - EVERY * (PICTURES - each) / PICTURES for each in range(1, PICTURES + 1)]
        pictures = [sample.frame(moment, self._wait_of(racer, race)) for moment in moments]
        seen, began = self._seen[number], max(self._stale[number], self._control.changed)
        seen.extend(picture for moment, picture in zip(moments, pictures, strict=True) if moment > began)
        marks_seen = "".join(seen).replace(NOTHING, "")
        held = marks_seen.count(HELD) / len(marks_seen) if marks_seen else 0.0
        said = caption(race, racer.service, foretold, replace(now, held=held), self._error(racer))
        return {
            "kind": said.kind,
            "caption": said.sentence,
            "stands": None if lag is None or not now.in_flight else lag.stands(clock),
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
            "looked_at": len(sample),
            "pictures": pictures,
        }

    def _sample(self, number: int, race: Race) -> Sample | Flights:
        """Return what draws the requests of a racer, for the load of this run."""
        kind = Flights if isinstance(race.load, Open) else Sample
        if race.state != READY and not isinstance(self._samples[number], kind):
            self._samples[number].look_away()
            self._samples[number] = kind()
        return self._samples[number]

    def _wait_of(self, racer: Racer, race: Race) -> float | None:
        """Return how long a request waits once it has a connection or a thread, or None if it needs none."""
        wait = self._control.wait
        if race.scenario in (None, MIXED) or wait is None:
            return None
        known = demand_of(race.scenario, racer.service, wait)
        needs = known is not None and any(limit.name in (*POOLS, THREADS) for limit in known.limits)
        return known.wait if known is not None and needs else None

    def _foretold(self, racer: Racer, race: Race) -> Demand | None:
        """Return the demand of a request, or None if nothing can be predicted from it."""
        wait = self._control.wait
        if race.scenario is None or wait is None or race.state not in (STARTING, RUNNING):
            return None
        foretold = demand_of(race.scenario, racer.service, wait)
        if foretold is not None and isinstance(race.load, Open) and foretold.needs_another:
            return None  # whether answers find a slot depends on chance
        return foretold

    def _on_request(self, name: str, response_time: float, exception: Exception | None = None, **_event: Any) -> None:
        """Count a request by whether it failed and when it began, and note when a client gave up."""
        clock = time.perf_counter()
        if isinstance(exception, GaveUp):
            self._gave_up = clock
        old = clock - response_time / 1000 < self._control.changed
        if (exception is not None or old) and (racer := name.partition(" ")[0]) in self._tallies:
            self._tally(racer).ended(response_time, failed=exception is not None, old=old)

    def _tally(self, racer: str) -> Tally:
        """Return the tally of a racer, begun anew if Locust's statistics were."""
        if self._counted_since != (since := self._environment.stats.start_time):
            self._counted_since = since
            self._tallies = {name: Tally() for name in self._tallies}
        return self._tallies[racer]

    def _error(self, racer: Racer) -> str | None:
        """Return the most frequent error of a racer, or None if no request failed."""
        counts = Counter[str]()
        for error in self._environment.stats.errors.values():
            if str(error.name).startswith(f"{racer.name} "):
                counts[str(error.error)] += error.occurrences
        return next((error for error, _ in counts.most_common(1)), None)


def _shown(milliseconds: float | None) -> float | str | None:
    """Return a percentile as it is shown: in words if it is that of a request without an answer."""
    return f"> {PATIENCE:g} s" if milliseconds == inf else milliseconds
