"""Record of requests what Locust's statistics leave out: the times that the service told, and the first requests."""

from collections import Counter
from typing import Any

from loadtest.results.exchange import FIRST, Exchange
from loadtest.workload.share import WHOLE, Share

from .users import WaitingUser

ROUNDS = 4
"""Recorded requests of each of these users."""


class Witness:
    """The sums of the times that users measured and the service reported, and the first requests of a step."""

    def __init__(self) -> None:
        self.sums = {"requests": 0.0, "response_ms": 0.0, "waited_ms": 0.0, "served_ms": 0.0, "received_ms": 0.0}
        self.deadlines: tuple[float, ...] = ()
        self.good: list[int] = []
        """The requests that were served within each deadline, since the step began."""
        self._share = WHOLE
        self._first: list[Exchange] = []
        self._places: dict[WaitingUser, int] = {}
        self._numbers: dict[WaitingUser, int] = {}
        self._rounds = Counter[int]()
        self._began = 0.0

    def step(self, began: float, share: Share) -> None:
        """Forget the requests of the step before, and record those of a step whose users had all started at `began`.

        `share`: the load generator, whose users have numbers that no other generator's users have.
        """
        self.good = [0] * len(self.deadlines)
        self._share = share
        self._first.clear()
        self._places.clear()
        self._numbers.clear()
        self._rounds.clear()
        self._began = began

    def asked(self, user: WaitingUser, sent: float) -> None:
        """Reserve a place for the request if it is one of the first."""
        number = None
        if user.schedule is None:
            number = self._numbers.setdefault(user, self._share.number(len(self._numbers)) + 1)
            self._rounds[number] += 1
        if len(self._first) < FIRST if number is None else number <= FIRST and self._rounds[number] <= ROUNDS:
            self._places[user] = len(self._first)
            self._first.append(Exchange(sent, user=number))

    def answered(self, user: WaitingUser, exchange: Exchange, *, served: bool) -> None:
        """Add the exchange to the sums, and store it if its request has a place."""
        place = self._places.pop(user, None)
        if place is not None:
            self._first[place] = exchange._replace(user=self._first[place].user)
        assert exchange.ended is not None
        if served and self.deadlines:
            took = exchange.ended - exchange.sent
            self.good = [good + (took < each) for good, each in zip(self.good, self.deadlines, strict=True)]
        if exchange.timed:
            sums = self.sums
            sums["requests"] += 1
            sums["response_ms"] += (exchange.ended - exchange.sent) * 1000
            sums["waited_ms"] += exchange.waited * 1000
            sums["served_ms"] += exchange.served * 1000
            sums["received_ms"] += exchange.received * 1000

    def counted(self, response_time: float, exception: object = None, **_request: Any) -> None:
        """Count a request of a locustfile's users as good if it came within a deadline."""
        if exception is None and self.deadlines:
            pairs = zip(self.good, self.deadlines, strict=True)
            self.good = [good + (response_time < each * 1000) for good, each in pairs]

    def first(self) -> list[Exchange]:
        """Return the first requests, with their times in seconds since all users had started."""
        return [exchange.since(self._began) for exchange in self._first]
