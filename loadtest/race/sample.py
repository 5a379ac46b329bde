"""Where the requests of a few users of a racer were a moment ago: in the queue, waiting on the service, or answered.

HTTP tells a client nothing of a request until it is answered. Only then is it known when the service first saw it, so
that a picture shows the recent past; whatever has not been answered by now may queue or wait, and nobody knows which.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from loadtest.results.exchange import Exchange

if TYPE_CHECKING:
    from loadtest.generator.users import WaitingUser  # which imports Locust, and so patches the standard library

SEATS = 100
"""Users of a racer whose requests are drawn."""

NOTHING, UNKNOWN, QUEUES, WAITS = " ", "?", "q", "w"
"""Where a user's request is at a moment; an unknown one had not been answered when the picture was made."""

ANSWERED, FAILED = "a", "x"
"""What came since the picture before, of each user the last."""


class Picture(NamedTuple):
    """One letter for each seat."""

    where: str
    came: str
    answers: int
    """How many came since the picture before, of all seats: one user may have had several."""


@dataclass
class _Seat:
    """A user of the sample, and its requests that are over and in no picture yet, oldest first."""

    user: "WaitingUser"
    over: deque[Exchange] = field(default_factory=deque)


class Sample:
    """The users of a racer that are looked at. The others cost nothing, and these only while somebody looks."""

    def __init__(self) -> None:
        """Nobody is looked at."""
        self._seats: list[_Seat | None] = [None] * SEATS
        self._taken: dict[WaitingUser, _Seat] = {}

    def __len__(self) -> int:
        """How many are looked at."""
        return len(self._taken)

    def look(self, users: Sequence["WaitingUser"]) -> None:
        """Look at the first of `users`, all that there are now, and no longer at those who left."""
        there = set(users)
        for place, seat in enumerate(self._seats):
            if seat is not None and seat.user not in there:
                self._seats[place] = None
                del self._taken[seat.user]
        new = (user for user in users if user not in self._taken)
        for place, seat in enumerate(self._seats):
            if seat is None and (user := next(new, None)) is not None:
                self._seats[place] = self._taken[user] = _Seat(user)
                user.watch = self

    def look_away(self) -> None:
        """Forget them all."""
        for user in self._taken:
            user.watch = None
        self._taken.clear()
        self._seats = [None] * SEATS

    def asked(self, user: "WaitingUser", sent: float) -> None:
        """Nothing: the user itself knows what it waits for."""

    def answered(self, user: "WaitingUser", exchange: Exchange) -> None:
        """Keep it for the next picture."""
        if user in self._taken:
            self._taken[user].over.append(exchange)

    def picture(self, moment: float) -> Picture:
        """Where they were at `moment` (perf_counter), which is later than that of the picture before."""
        where, came, answers = [], [], 0
        for seat in self._seats:
            last = NOTHING
            if seat is not None:
                while seat.over and _ended(seat.over[0]) <= moment:
                    last = ANSWERED if seat.over.popleft().status == 200 else FAILED
                    answers += 1
            where.append(NOTHING if seat is None else _where(seat, moment))
            came.append(last)
        return Picture("".join(where), "".join(came), answers)


def _ended(exchange: Exchange) -> float:
    assert exchange.ended is not None
    return exchange.ended


def _where(seat: _Seat, moment: float) -> str:
    """Where the request of this user was that had not been answered at `moment`, if it had one."""
    if not seat.over:
        sent = seat.user.asked_at
        return UNKNOWN if sent is not None and sent <= moment else NOTHING
    exchange = seat.over[0]
    if exchange.sent > moment:
        return NOTHING
    if not exchange.told:
        return UNKNOWN
    return QUEUES if moment < exchange.began else WAITS
