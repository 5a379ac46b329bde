"""The events that the page receives twice a second while it is open."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import gevent
import psutil
from gevent.event import Event

from loadtest.verdict.bounds import MACHINE_BUSY
from loadtest.verdict.processors import GENERATOR_BUSY
from loadtest.web_ui.leading import Lead
from loadtest.web_ui.racers import Racer
from loadtest.workload.demand import Demand
from loadtest.workload.open import Open
from loadtest.workload.scenarios import demand as demand_of

from .captions import RUNNING, STARTING, Race
from .control import Control
from .generators import Generators
from .lane import Lane, Look
from .lead import lead, short
from .view import EVERY
from .wall import Wall
from .words import marks

AFTER = 0.1
"""Seconds by which an event comes after the views of load generators in other processes."""

LINGERS = 3.0
"""Seconds that events continue without a client, so that a reload of the page loses nothing."""

IN_TIME = 1.0
"""Seconds beyond the wait of a request alone within which an answer of an open load comes in time."""

ABANDONED = 60.0
"""Seconds after a client gave up in which the page says that its service may still work on abandoned requests."""


class Feed:
    """The stream of events, made once for all clients."""

    def __init__(
        self, racers: Sequence[Racer], control: Control, generators: Generators, wall: Wall | None = None
    ) -> None:
        self.page = uuid4().hex
        """An id of this process: a page with another id is out of date."""
        self._control = control
        self._generators = generators
        self._wall = wall
        self._lanes = [Lane(racer) for racer in racers]
        self._run = 0
        """The number of the run that an event has shown last."""
        self._told = Event()
        self._event = b""
        self._lookers = 0
        self._left = 0.0
        """Time at which a client last disconnected (perf_counter)."""
        self._tells = False
        self._busy: float | None = None
        """The busy share of all cores since the event before, or None at the first one."""

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
        psutil.cpu_percent()  # discards the time before the first client
        self._busy = None
        watchers = [gevent.spawn(lane.lag.watch) for lane in self._lanes if lane.lag is not None]
        try:
            while self._lookers or time.perf_counter() < self._left + LINGERS:
                self._event = f"data: {json.dumps(self._now(), separators=(',', ':'))}\n\n".encode()
                self._told.set()
                self._told.clear()
                gevent.sleep(EVERY - (time.perf_counter() - AFTER) % EVERY)
                self._busy = psutil.cpu_percent() / 100
        finally:
            self._tells = False
            gevent.killall(watchers, block=False)
            for lane in self._lanes:
                lane.look_away()
            self._generators.look_away()

    def _now(self) -> dict[str, Any]:
        control, clock, view = self._control, time.perf_counter(), self._generators.view()
        race = Race(control.state, control.scenario, control.load)
        if self._run != view.run:
            self._run = view.run
            for lane in self._lanes:
                lane.begin_anew(control.changed)
        foretold = [self._foretold(lane.racer, race) for lane in self._lanes]
        alone = max((each.alone for each in foretold if each is not None), default=control.wait or 0.0)
        silence = self._generators.silence()
        look = Look(race, view, control.there - control.changed, round(alone + IN_TIME, 3), silence)
        everything = [*zip(self._lanes, view.racers, foretold, strict=True)]
        figures = [lane.figures(seen, demand, look) for lane, seen, demand in everything]
        by_name = dict(zip(short([lane.racer.name for lane in self._lanes]), figures, strict=True))
        gave_up = view.gave_up is not None and view.gave_up < ABANDONED
        leads = lead(race, by_name, look.deadline, abandoned=gave_up and (view.gave_up or 0.0) > view.age)
        if silence and race.state in (STARTING, RUNNING):
            leads = Lead("silent", "No result: not all load generators answer")
        if self._wall is not None:
            asked = [lane.racer.name for lane in self._lanes].index(self._wall.asked.racer)
            self._wall.follow(race, control.delay, figures[asked])
        return {
            "page": self.page,
            "state": race.state,
            "users": race.users,
            "rate": race.load.amount if isinstance(race.load, Open) else None,
            "delay": control.delay,
            "scenario": race.scenario,
            "ends": None if control.ends is None else max(0.0, control.ends - clock),
            "busy": None if self._busy is None else (self._busy, view.busy),
            "generators": self._generators.number,
            "doubt": self._doubt(silence, view.busy if self._busy is not None else 0.0, gave_up=gave_up),
            "lead": leads._asdict(),
            "marks": marks(race.scenario)._asdict(),
            "wall": None if self._wall is None else self._wall.shown(),
            "racers": [
                lane.shown(seen, demand, now, look, clock)
                for (lane, seen, demand), now in zip(everything, figures, strict=True)
            ],
        }

    def _doubt(self, silence: str, generator: float, *, gave_up: bool) -> str:
        if silence:
            return f"{silence[0].upper()}{silence[1:]}: what it sends, and what is answered, is not known."
        if generator >= GENERATOR_BUSY:
            which = "The load generator" if self._generators.number == 1 else "A load generator"
            return f"{which} is saturated ({generator:.0%} of a core): the services could serve more."
        if self._control.gave_up:
            return "The last stop timed out: services may still work on abandoned requests."
        if gave_up:
            return "Clients gave up: services may still work on abandoned requests."
        if (machine := self._busy or 0.0) >= MACHINE_BUSY:
            return f"The machine is saturated ({machine:.0%} of all cores): the services compete for CPU."
        return ""

    def _foretold(self, racer: Racer, race: Race) -> Demand | None:
        """Return the demand of a request, or None if nothing can be predicted from it."""
        wait = self._control.wait
        if race.scenario is None or wait is None or race.state not in (STARTING, RUNNING):
            return None
        foretold = demand_of(race.scenario, racer.service, wait)
        if foretold is not None and isinstance(race.load, Open) and foretold.needs_another:
            return None  # whether answers find a slot depends on chance
        return foretold
