"""Where the requests of a few users of a racer were a moment ago: in the queue, waiting on the service, or answered.

HTTP tells a client nothing of a request until it is answered. Only then is it known when the service first saw it, so
that a frame shows the recent past; whatever has not been answered by now may queue or wait, and nobody knows which.
"""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from loadtest.results.exchange import Exchange

if TYPE_CHECKING:
    from loadtest.generator.users import WaitingUser  # which imports Locust, and so patches the standard library

MOST_DRAWN = 100
"""Users of a racer whose requests are drawn."""

NOTHING, UNKNOWN, QUEUES, WAITS = " ", "?", "q", "w"
"""Where a user's request is at a moment; an unknown one had not been answered when the frame was made."""

ANSWERED, FAILED = "a", "x"
"""What came since the frame before, of each user the last."""


class Frame(NamedTuple):
    """One letter for each drawn user."""

    where: str
    came: str
    answers: int
    """How many came since the frame before, of all drawn users: one user may have had several."""


class Sample:
    """The users of a racer that are looked at. The others cost nothing, and these only while somebody looks."""

    def __init__(self) -> None:
        self._drawn: list[WaitingUser | None] = [None] * MOST_DRAWN
        self._over: dict[WaitingUser, deque[Exchange]] = {}
        """The requests of each that are over and in no frame yet, oldest first."""

    def __len__(self) -> int:
        return len(self._over)

    def look(self, users: Sequence["WaitingUser"]) -> None:
        """Look at the first of `users`, all that there are now, and no longer at those who left."""
        there = set(users)
        for number, drawn in enumerate(self._drawn):
            if drawn is not None and drawn not in there:
                self._drawn[number] = None
                del self._over[drawn]
        new = (user for user in users if user not in self._over)
        for number, drawn in enumerate(self._drawn):
            if drawn is None and (user := next(new, None)) is not None:
                self._drawn[number] = user
                self._over[user] = deque()
                user.watch = self

    def look_away(self) -> None:
        """Forget them all."""
        for user in self._over:
            user.watch = None
        self._over.clear()
        self._drawn = [None] * MOST_DRAWN

    def asked(self, user: "WaitingUser", sent: float) -> None:
        """Nothing: the user itself knows what it waits for."""

    def answered(self, user: "WaitingUser", exchange: Exchange) -> None:
        """Keep it for the next frame."""
        if user in self._over:
            self._over[user].append(exchange)

    def frame(self, moment: float) -> Frame:
        """Where they were at `moment` (perf_counter), which is later than that of the frame before."""
        where, came, answers = "", "", 0
        for user in self._drawn:
            here = last = NOTHING
            if user is not None:
                over = self._over[user]
                while over and _ended(over[0]) <= moment:
                    last = ANSWERED if over.popleft().status == 200 else FAILED
                    answers += 1
                here = _where(user.asked_at, over, moment)
            where, came = where + here, came + last
        return Frame(where, came, answers)


def _ended(exchange: Exchange) -> float:
    assert exchange.ended is not None
    return exchange.ended


def _where(asked_at: float | None, over: Sequence[Exchange], moment: float) -> str:
    """Where the request of a user was that had not been answered at `moment`, if it had one."""
    if not over:
        return UNKNOWN if asked_at is not None and asked_at <= moment else NOTHING
    exchange = over[0]
    if exchange.sent > moment:
        return NOTHING
    if not exchange.timed:
        return UNKNOWN
    return QUEUES if moment < exchange.began else WAITS
