"""The one-line caption of a racer, derived from its counts and from the model."""

from typing import NamedTuple

from loadtest.contenders.service import Service
from loadtest.english import count, plural_of
from loadtest.verdict.bounds import KEEPS_UP, STUCK
from loadtest.workload import Load
from loadtest.workload.demand import DEADLOCK, Demand, Limit
from loadtest.workload.open import Open
from loadtest.workload.scenarios import MIXED

from .figures import Figures
from .open_captions import arrivals, held_up, overload
from .words import ERRORS, Caption, named, places, why

READY, STARTING, RUNNING, STOPPING = "ready", "starting", "running", "stopping"
"""The states of a race."""


class Race(NamedTuple):
    """The run that all racers share."""

    state: str
    scenario: str | None
    """The scenario that users request, or None if there are several or none."""
    load: Load
    """The load of each racer, once all users have started."""

    @property
    def users(self) -> int:
        """The number of users of each racer, once all have started; in an open model they are clients."""
        return self.load.most_in_flight


def caption(race: Race, service: Service, demand: Demand | None, now: Figures, error: str | None) -> Caption:
    """Return the caption of a racer; `error` is its most frequent error so far."""
    return (
        _standing(race, now)
        or _coming_or_going(race, now)
        or _deadlock(service, demand, now)
        or overload(race.load, service, demand, now, error)
        or _errors(now, error)
        or _foretold(race, service, demand, now)
        or Caption("unknown", f"{count(now.in_flight, 'request')} in flight; their wait cannot be predicted")
    )


def _standing(race: Race, now: Figures) -> Caption | None:
    """Return the caption of a race that does not run, or no longer."""
    if race.state == READY:
        return Caption("ready", f"No race is running.{' These are the last figures.' if now.throughput else ''}")
    if race.state == STOPPING:
        if not now.in_flight:
            return Caption("stopped", "stopped: all requests are answered; the last figures from before the stop stay")
        return Caption("stopping", f"stopping: {count(now.in_flight, 'request')} still in flight")
    return None


def _coming_or_going(race: Race, now: Figures) -> Caption | None:
    if race.state == STARTING and now.users < race.users:
        who = "clients" if isinstance(race.load, Open) else "users"
        return Caption("starting", f"starting: {now.users} of {race.users} {who}")
    if race.state == STARTING and now.users > race.users:
        return Caption("leaving", f"{now.users - race.users} users leave after their last answer")
    if now.old:
        before = f"{count(now.old, 'request')} from before the change"
        return Caption("old", f"{before} {plural_of(now.old, 'is', 'are')} still in flight")
    return None if now.users else Caption("empty", "No users here.")


def _deadlock(service: Service, demand: Demand | None, now: Figures) -> Caption | None:
    """Return the caption of a predicted deadlock, once all slots are taken and almost no request succeeds."""
    if demand is None or now.predicted is None or now.predicted.bound != DEADLOCK:
        return None
    slots = service.slots or 0
    if now.in_flight < slots or now.answered - now.failed > STUCK * now.answered:
        return None
    failed = f"; {now.failed} of the last {now.answered} failed" if now.failed else ""
    return Caption("deadlock", f"deadlock: all {slots} slots wait for requests that need a slot{failed}")


def _errors(now: Figures, error: str | None) -> Caption | None:
    if now.failed <= ERRORS * now.answered:
        return None
    return Caption("errors", f"{now.failed} of the last {now.answered} requests failed{why(error)}")


def _foretold(race: Race, service: Service, demand: Demand | None, now: Figures) -> Caption | None:
    if demand is None or now.predicted is None or now.predicted.bound == DEADLOCK:
        return None
    if isinstance(race.load, Open):
        return arrivals(race.load, service, demand, now)
    limit = next((each for each in demand.limits if each.name == now.predicted.bound), None)
    if limit is None:
        return _bound_by_users(service, demand, now)
    if race.scenario == MIXED:  # not all of its requests hold the limit
        return Caption("mixed", f"predicted bottleneck of the mix: {named(limit, service)}")
    return _bound_by(limit, service, now)


def _bound_by(limit: Limit, service: Service, now: Figures) -> Caption:
    held = now.in_flight - limit.capacity
    has = named(limit, service)
    if held <= 0:
        return Caption("short", f"{has} for {count(now.in_flight, 'request')} in flight")
    wait = f"{plural_of(held, 'waits', 'wait')} for one"
    if now.ratio is not None and now.ratio >= KEEPS_UP:  # below that, some may be idle
        return Caption("all-in-use", f"{has}, all in use: {count(held, 'request')} {wait}")
    return Caption("at-least", f"{has} for {count(now.in_flight, 'request')} in flight: at least {held} {wait}")


def _bound_by_users(service: Service, demand: Demand, now: Figures) -> Caption:
    behind, held = now.ratio is not None and now.ratio < KEEPS_UP, held_up(service, now)
    if held is not None:
        return Caption("held-up-behind", f"{now.ratio:.0%} of the prediction: {held.sentence}") if behind else held
    if behind:
        return Caption("behind", f"{now.ratio:.0%} of the prediction, for a reason outside the model")
    tightest = demand.tightest
    requests = count(now.in_flight, "request")
    if tightest is None:
        at_once = "" if now.ratio is None else " at once"
        wait = f"{requests} {plural_of(now.in_flight, 'waits', 'wait')}{at_once}"
        return Caption("at-once", f"no limit: {wait} on {places(service)}")
    return Caption("room", f"room for all: {named(tightest, service)} for {requests} in flight")
