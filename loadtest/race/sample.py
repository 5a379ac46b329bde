"""The recent state of some users' requests: waiting for a worker or a connection, or for what they are about.

Only the answer reports to an HTTP client when the service started its request. A frame therefore shows the recent past;
a request without an answer may be in either state.
"""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from loadtest.results.exchange import Exchange

if TYPE_CHECKING:
    from loadtest.generator.users import WaitingUser  # it imports Locust, which patches the standard library

MOST_DRAWN = 100
"""The most users of a racer whose requests are drawn."""

NOTHING, UNKNOWN, HELD, WAITS = " ", "?", "h", "w"
"""States of a user's request: without an answer when the frame was made, held up, or waiting for what it is about."""


class Sample:
    """The users of a racer whose requests are drawn. Other users cost nothing, nor do these while no page is open."""

    def __init__(self, places: int = MOST_DRAWN) -> None:
        self._most = places
        self._drawn: list[WaitingUser | None] = [None] * self._most
        self._over: dict[WaitingUser, deque[Exchange]] = {}
        """The ended requests of each user that no frame has shown yet, oldest first."""

    def __len__(self) -> int:
        return len(self._over)

    def look(self, users: Sequence["WaitingUser"]) -> None:
        """Update the sample to the first of `users`, the present ones, and drop users who left."""
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
        """Remove all users from the sample."""
        for user in self._over:
            user.watch = None
        self._over.clear()
        self._drawn = [None] * self._most

    def asked(self, user: "WaitingUser", sent: float) -> None:
        """Ignore a sent request, because the user itself records it."""

    def answered(self, user: "WaitingUser", exchange: Exchange, *, served: bool) -> None:  # noqa: ARG002 - see Watch
        """Keep an ended request for the next frame."""
        if user in self._over:
            self._over[user].append(exchange)

    def frame(self, moment: float, wait: float | None = None) -> str:
        """Return one letter for each drawn user at `moment` (perf_counter), which must be later than the last one.

        `wait`: see `state`.
        """
        states = ""
        for user in self._drawn:
            here = NOTHING
            if user is not None:
                over = self._over[user]
                while over and ended(over[0]) <= moment:
                    over.popleft()
                here = state(user.asked_at, over, moment, wait)
            states += here
        return states


def ended(exchange: Exchange) -> float:
    """Return the time at which an ended request ended (perf_counter)."""
    assert exchange.ended is not None
    return exchange.ended


def state(asked_at: float | None, over: Sequence[Exchange], moment: float, wait: float | None) -> str:
    """Return the state of a user's unanswered request at `moment`, or NOTHING if there was none.

    `wait`: the seconds for which it waits for what it is about, of those that its service reports; None: all of them.
    """
    if not over:
        return UNKNOWN if asked_at is not None and asked_at <= moment else NOTHING
    exchange = over[0]
    if exchange.sent > moment:
        return NOTHING
    if not exchange.timed:
        return UNKNOWN
    held = 0.0 if wait is None else max(0.0, exchange.waited - wait)
    return HELD if moment < exchange.began + held else WAITS
