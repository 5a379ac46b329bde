"""The one sentence that says what to look at in a racer. It claims what was counted, and what the model implies."""

from typing import NamedTuple

from loadtest.contenders.service import Service
from loadtest.english import count, plural_of
from loadtest.verdict.judge import KEEPS_UP, STUCK
from loadtest.workload.demand import DEADLOCK, SLOTS, Demand, Limit
from loadtest.workload.scenarios import CORES, LOOPS, MIXED, POOLS, THREADS

from .figures import Figures

READY, STARTING, RUNNING, STOPPING = "ready", "starting", "running", "stopping"
"""What a race can be doing."""

ERRORS = 0.01
"""Share of the requests that may fail before they are what to look at."""


class Caption(NamedTuple):
    """A sentence, and its kind, which stays while only the figures in it move."""

    kind: str
    sentence: str


class Race(NamedTuple):
    """What all racers are asked for."""

    state: str
    scenario: str | None
    """None where there are several, or none."""
    users: int
    """Of each racer, once they are all there."""


def caption(race: Race, service: Service, demand: Demand | None, now: Figures, error: str | None) -> Caption:
    """What to look at; `error` is the most frequent one that there was."""
    return (
        _coming_or_going(race, now)
        or _deadlock(service, demand, now)
        or _errors(now, error)
        or _foretold(race, service, demand, now)
        or Caption("unknown", f"{count(now.in_flight, 'request')} in flight; nobody can foretell how long they wait")
    )


def _coming_or_going(race: Race, now: Figures) -> Caption | None:
    if race.state == READY:
        return Caption("ready", "Nobody asks.")
    if race.state == STOPPING:
        if not now.in_flight:
            return Caption("stopped", "stopping: every request has its answer")
        wait = f"{count(now.in_flight, 'request')} still {plural_of(now.in_flight, 'waits', 'wait')}"
        return Caption("stopping", f"stopping: {wait} for an answer")
    if race.state == STARTING and now.users < race.users:
        return Caption("starting", f"starting: {now.users} of {race.users} users are there")
    if race.state == STARTING and now.users > race.users:
        return Caption("leaving", f"{now.users - race.users} users leave, each with its last answer")
    return None if now.users else Caption("empty", "Nobody asks here.")


def _deadlock(service: Service, demand: Demand | None, now: Figures) -> Caption | None:
    """All slots can be taken by requests that wait for others, and nobody hears anything."""
    if demand is None or now.predicted is None or now.predicted.bound != DEADLOCK:
        return None
    slots = service.slots or 0
    if now.in_flight < slots or now.answered - now.failed > STUCK * now.answered:
        return None
    gave_up = f"; {now.failed} of the last {now.answered} gave up" if now.failed else ""
    return Caption(
        "deadlock",
        f"deadlock: {now.in_flight} requests for {slots} slots wait for answers that need a slot as well{gave_up}",
    )


def _errors(now: Figures, error: str | None) -> Caption | None:
    if now.failed <= ERRORS * now.answered:
        return None
    why = f", most of all so far by {error}" if error else ""
    return Caption("errors", f"{now.failed} of the last {now.answered} requests failed{why}")


def _foretold(race: Race, service: Service, demand: Demand | None, now: Figures) -> Caption | None:
    if demand is None or now.predicted is None or now.predicted.bound == DEADLOCK:
        return None
    limit = next((each for each in demand.limits if each.name == now.predicted.bound), None)
    if limit is None:
        return _bound_by_users(service, demand, now)
    if race.scenario == MIXED:  # whose requests do not all hold it
        return Caption("mixed", f"a mixed day: {_named(limit, service)} are the first to run out, by the model")
    return _bound_by(limit, service, now)


def _bound_by(limit: Limit, service: Service, now: Figures) -> Caption:
    queue = now.in_flight - limit.capacity
    has = _named(limit, service)
    if queue <= 0:
        return Caption("short", f"{has} for {count(now.in_flight, 'request')} in flight")
    if now.ratio is not None and now.ratio >= KEEPS_UP:  # else some of them may stand idle
        return Caption("queue", f"{has}, all taken: {count(queue, 'request')} {plural_of(queue, 'queues', 'queue')}")
    return Caption("queue-at-least", f"{has} for {count(now.in_flight, 'request')} in flight: at least {queue} queue")


def _bound_by_users(service: Service, demand: Demand, now: Figures) -> Caption:
    if now.ratio is not None and now.ratio < KEEPS_UP:
        return Caption("behind", f"{now.ratio:.0%} of the prediction, by no limit that the model knows")
    tightest = demand.tightest
    wait = f"{count(now.in_flight, 'request')} {plural_of(now.in_flight, 'waits', 'wait')}"
    if tightest is None:
        sure = "no queue to speak of" if now.ratio is not None else "no limit in the way"
        return Caption("no-queue", f"{sure}: {wait} on {_places(service)}")
    return Caption("room", f"room for all: {wait}, {_named(tightest, service)}")


def _named(limit: Limit, service: Service) -> str:
    """So many of what there is only so much of."""
    if limit.name in POOLS:
        return f"{count(limit.capacity, 'connection')} of the {limit.name}"
    slot = "thread" if service.worker_class == "gthread" else "process"
    one = {SLOTS: slot, THREADS: "thread", LOOPS: "event loop", CORES: "core"}.get(limit.name, limit.name)
    return count(limit.capacity, one, "processes" if one == "process" else "")


def _places(service: Service) -> str:
    """Where requests wait that hold nothing there is only so much of."""
    if service.worker_class == "gevent":
        return f"the greenlets of {count(service.workers, 'process', 'processes')}"
    return count(service.workers, "event loop")
