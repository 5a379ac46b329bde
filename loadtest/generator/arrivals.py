"""The arrivals of an open load: the schedule that the clients of a service share, and what became of each arrival.

There is no dispatcher. A client that is free takes the next arrival of the schedule and sleeps until its intended
start; one that becomes free later than that sends at once. So arrivals are sent first come, first served, on time as
long as a client is free.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from time import perf_counter
from typing import Any

from loadtest.results.arrivals import Arrived
from loadtest.results.histogram import histogram_of


@dataclass(slots=True)
class Arrival:
    """One arrival, with its times by perf_counter. `free`: a client was free at its intended start."""

    intended: float
    free: bool
    sent: float | None = None
    ended: float | None = None
    served: bool = False
    process: str = ""
    """The process that answered, "" if the service does not say."""
    name: str = ""
    """The name of the request among several; "" if it was never sent."""


class Schedule:
    """The arrivals that the clients of one service take, in their order. `offsets`: seconds, ascending, without end.

    Clients give up `patience` seconds after the intended start. `clients`: their number.
    """

    def __init__(self, offsets: Iterator[float], patience: float, clients: int) -> None:
        self.patience = patience
        self.clients = clients
        self.began = 0.0
        """The time (perf_counter) that the offsets count from. No client takes an arrival before it is set."""
        self._offsets = offsets

    def take(self) -> Arrival:
        """Return the next arrival, for a client that is free now."""
        intended = self.began + next(self._offsets)
        return Arrival(intended, free=perf_counter() < intended)


class RecordedSchedule(Schedule):
    """A schedule that keeps every arrival."""

    def __init__(self, offsets: Iterator[float], patience: float, clients: int) -> None:
        super().__init__(offsets, patience, clients)
        self._taken: list[Arrival] = []
        self._ended = 0

    def take(self) -> Arrival:
        """Return the next arrival, and keep it."""
        arrival = super().take()
        self._taken.append(arrival)
        return arrival

    def has_ended(self, until: float) -> bool:
        """Return True if every arrival intended before `until` (perf_counter) was taken and has ended."""
        while self._ended < len(self._taken):
            arrival = self._taken[self._ended]
            if arrival.intended >= until:
                return True
            if arrival.ended is None:
                return False
            self._ended += 1
        return False

    def close(self, until: float) -> list[Arrival]:
        """Return all arrivals that were intended before `until` (perf_counter). Those not taken were never sent."""
        left = takewhile(lambda intended: intended < until, (self.began + offset for offset in self._offsets))
        known = [each for each in self._taken if each.intended < until]
        if len(known) == len(self._taken):  # clients who sleep have taken later ones
            known += [Arrival(intended, free=False) for intended in left]
        return known


def _parts(inside: Sequence[Arrival]) -> dict[str, Any]:
    """Return the arrivals of a window by the names of their requests, if they have any."""
    names = sorted({each.name for each in inside} - {""})
    named = {name: [each for each in inside if each.name == name] for name in names}
    return {
        name: {
            "requests": len(own),
            "failures": sum(not each.served for each in own),
            "latency": histogram_of(_latency(each) for each in own if each.served),
        }
        for name, own in named.items()
    }


def figures(
    arrivals: Sequence[Arrival], schedule: Schedule, opened: float, window: float, deadlines: Sequence[float]
) -> dict[str, Any]:
    """Return the measurements of a window of `window` seconds, by their names in Measured, before they are joined.

    Shares have the names of their processes, and latencies the seconds since the window's beginning. `arrivals`: all
    that were intended since the step began. `opened`: the beginning of the window (perf_counter). `deadlines`: seconds
    within which an answer is good.
    """
    closed = opened + window
    inside = [each for each in arrivals if opened <= each.intended < closed]
    leaves = [_left(each, schedule.patience) for each in arrivals]
    flights = [(each.intended, left) for each, left in zip(arrivals, leaves, strict=True) if left > opened]
    spent = sum(max(0.0, min(left, closed) - max(intended, opened)) for intended, left in flights)
    before, after = (sum(intended < edge < left for intended, left in flights) for edge in (opened, closed))
    served = [_latency(each) for each in inside if each.served]
    sent = [each for each in inside if each.sent is not None]
    return {
        "latency": histogram_of(served),
        "good": [sum(latency < deadline for latency in served) for deadline in deadlines],
        "parts": _parts(inside),
        "arrivals": Arrived(
            seconds=window,
            offered=len(inside),
            lost=len(inside) - len(served),
            spent_ms=1000 * sum(_left(each, schedule.patience) - each.intended for each in inside),
            service_ms=histogram_of(_latency(each) - _late(each) for each in inside if each.served),
            late_ms=histogram_of(max(0.0, _late(each)) for each in sent if each.free),
            waited=sum(not each.free for each in inside),
            early=sum(_late(each) < 0 for each in sent),
            clients=schedule.clients,
            in_flight=spent / window,
            edges=max(before, after),
            slope=(after - before) / window,
            shares=[],
        ).model_dump()
        | {
            "shares": Counter(each.process for each in inside if each.process),
            "latencies": [
                (round(each.intended - opened, 6), round(_latency(each) * 1000, 3) if each.served else None)
                for each in inside
            ],
        },
    }


def _left(arrival: Arrival, patience: float) -> float:
    """Return when an arrival was out of the system: answered, failed or given up."""
    gives_up = arrival.intended + patience
    return gives_up if arrival.ended is None else min(arrival.ended, gives_up)


def _latency(arrival: Arrival) -> float:
    assert arrival.ended is not None
    return arrival.ended - arrival.intended


def _late(arrival: Arrival) -> float:
    assert arrival.sent is not None
    return arrival.sent - arrival.intended
