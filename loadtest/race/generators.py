"""The load generators of a race: this process alone, or Locust workers under the master in this process."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import gevent
from locust.env import Environment
from locust.runners import MasterRunner

from loadtest.english import listed, plural_of

from .observer import Observer
from .view import View, joined, read, unbegun, unknown

VIEW, BEGIN = "race-view", "race-begin"
"""The messages that carry a view to the master, and the number and the options of a run to the workers."""

SILENT = 1.5
"""Seconds without a view of this run from which a load generator is silent: it has missed at least two."""

RETURN_WITHIN = 5.0
"""Seconds that workers may take to be ready after a stop; without a wait of their own they take a moment."""

LOOK_EVERY = 0.05
"""Seconds between two checks of who is ready."""


class Generators(Protocol):
    """The processes that send the requests of a race."""

    number: int

    def begin(self, options: Mapping[str, Any] | None) -> None:
        """Count anew, because a run starts or changes. `options`: what it asks for, None for those of Locust's page."""

    def view(self) -> View:
        """Return what the load generators see together; of one that is silent, what it saw last."""

    def look_away(self) -> None:
        """Draw no requests until the next view."""

    def silence(self) -> str:
        """Return a sentence, without its full stop, that names the load generators that are silent, if any are."""

    def obstacle(self) -> str | None:
        """Return a sentence that says why no run can start or change now, or None if one can."""

    def settle(self) -> None:
        """Wait until all load generators are ready after a stop."""


class Alone:
    """The load generator that is this process itself."""

    number = 1

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._run = 0

    def begin(self, options: Mapping[str, Any] | None) -> None:  # noqa: ARG002 - this process has them
        """Count anew. See `Generators`."""
        self._run += 1
        self._observer.begin(self._run)

    def view(self) -> View:
        """Return what this process sees."""
        return self._observer.view()

    def look_away(self) -> None:
        """Draw no requests until the next view."""
        self._observer.look_away()

    def silence(self) -> str:
        """Return an empty string: this process is here."""
        return ""

    def obstacle(self) -> None:
        """Return None: this process is ready."""

    def settle(self) -> None:
        """Return at once: this process is ready."""


class _Heard(NamedTuple):
    clock: float
    """Time at which the last view of this run arrived, or at which the run began (perf_counter)."""
    view: View


class Workers:
    """Locust workers, `number` of them, each of which sends its views to the master in this process."""

    def __init__(self, environment: Environment, number: int) -> None:
        assert isinstance(environment.runner, MasterRunner)
        self.number = number
        self._runner = environment.runner
        self._run = 0
        self._heard: dict[int, _Heard] = {}
        """The last view of each load generator, by its place."""
        self._runner.register_message(VIEW, self._on_view)

    def await_all(self) -> None:
        """Wait until a view of each load generator has arrived."""
        while len(self._heard) < self.number:
            gevent.sleep(LOOK_EVERY)

    def begin(self, options: Mapping[str, Any] | None) -> None:
        """Tell all load generators to count anew. See `Generators`."""
        self._run += 1
        clock = time.perf_counter()
        self._heard = {place: _Heard(clock, unbegun(heard.view, self._run)) for place, heard in self._heard.items()}
        self._runner.send_message(BEGIN, {"run": self._run, "options": options})

    def view(self) -> View:
        """Return what all load generators see together."""
        silent = self._silent()
        heard = sorted(self._heard.items())
        return joined([unknown(each.view) if place in silent else each.view for place, each in heard])

    def look_away(self) -> None:
        """Return at once: views are made all the time, so that it is noticed who is silent."""

    def silence(self) -> str:
        """Return a sentence about the load generators that are silent. See `Generators`."""
        silent = self._silent()
        if not silent:
            return ""
        who, has = plural_of(len(silent), "load generator"), plural_of(len(silent), "has", "have")
        names = listed([str(place + 1) for place in sorted(silent)])
        return f"{who} {names} {has} been silent for {max(silent.values()):.0f} s"

    def obstacle(self) -> str | None:
        """Return a sentence if not all load generators are connected and heard of."""
        there = self._runner.worker_count
        if there == self.number and not self.silence():
            return None
        return f"Not all of the {self.number} load generators answer; start again when they do."

    def settle(self) -> None:
        """Wait until all load generators are connected again, as they are a moment after they have stopped."""
        deadline = time.perf_counter() + RETURN_WITHIN
        while self._runner.worker_count < self.number and time.perf_counter() < deadline:
            gevent.sleep(LOOK_EVERY)

    def _silent(self) -> dict[int, float]:
        """Return by place for how many seconds a load generator has been silent."""
        clock = time.perf_counter()
        return {place: clock - heard.clock for place, heard in self._heard.items() if clock - heard.clock >= SILENT}

    def _on_view(self, msg: Any, **_event: Any) -> None:
        place, view = msg.data["place"], read(msg.data["view"])
        if place not in range(self.number):
            return  # of somebody else on this machine
        before = self._heard.get(place)
        if before is None or view.run == self._run:
            self._heard[place] = _Heard(time.perf_counter(), view)
        else:  # it was sent before the run began: only who is there counts
            self._heard[place] = before._replace(view=unbegun(view, self._run))
