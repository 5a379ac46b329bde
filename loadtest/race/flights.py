"""The recent state of some requests of an open model, in which a client has a request for a small part of its time.

A request is drawn at a place of its own, from when it was sent until a frame has shown its answer. If there are more
requests than places, those sent first are drawn.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadtest.results.exchange import Exchange

from .sample import MOST_DRAWN, NOTHING, ended, state

if TYPE_CHECKING:
    from loadtest.generator.users import WaitingUser  # it imports Locust, which patches the standard library


@dataclass(slots=True)
class Flight:
    """One request: when it was sent (perf_counter), and its exchange once it has ended."""

    sent: float
    exchange: Exchange | None = None

    def is_over(self, moment: float) -> bool:
        """Return True if the request had ended at `moment`."""
        return self.exchange is not None and ended(self.exchange) <= moment


class Flights:
    """The requests of a racer that are drawn. While no page is open, they cost nothing."""

    def __init__(self, places: int = MOST_DRAWN) -> None:
        self._most = places
        self._users: Sequence[WaitingUser] = ()
        self._flying: dict[WaitingUser, Flight] = {}
        self._queue = deque[Flight]()
        """Requests without a place, in the order in which they were sent."""
        self._places: list[Flight | None] = [None] * self._most

    def __len__(self) -> int:
        return sum(flight is not None for flight in self._places)

    def look(self, users: Sequence["WaitingUser"]) -> None:
        """Watch the requests of `users`, the present ones, from now on."""
        new = [user for user in users if user.watch is not self]
        for sent, user in sorted(((user.asked_at, user) for user in new if user.asked_at is not None), key=_by_time):
            self.asked(user, sent)
        for user in new:
            user.watch = self
        self._users = users

    def look_away(self) -> None:
        """Forget all requests."""
        for user in self._users:
            user.watch = None
        self._users = ()
        self._flying.clear()
        self._queue.clear()
        self._places = [None] * self._most

    def asked(self, user: "WaitingUser", sent: float) -> None:
        """Add a request that is sent."""
        self._flying[user] = flight = Flight(sent)
        self._queue.append(flight)

    def answered(self, user: "WaitingUser", exchange: Exchange, *, served: bool) -> None:  # noqa: ARG002 - see Watch
        """Record that a request has ended."""
        if (flight := self._flying.pop(user, None)) is not None:
            flight.exchange = exchange

    def frame(self, moment: float, wait: float | None = None) -> str:
        """Return one letter for each place at `moment` (perf_counter), which must be later than the last one.

        `wait`: see `state`.
        """
        states = ""
        for number, place in enumerate(self._places):
            flight = place or self._next(moment)
            here = NOTHING
            if flight is not None and flight.is_over(moment):
                flight = None
            elif flight is not None:
                here = state(flight.sent, [flight.exchange] if flight.exchange else [], moment, wait)
            self._places[number] = flight
            states += here
        self._queue = deque(flight for flight in self._queue if not flight.is_over(moment))
        return states

    def _next(self, moment: float) -> Flight | None:
        """Return the first request without a place that had been sent at `moment`, or None."""
        return self._queue.popleft() if self._queue and self._queue[0].sent <= moment else None


def _by_time(pair: tuple[float, "WaitingUser"]) -> float:
    return pair[0]
