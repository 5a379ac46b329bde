"""The first requests of a step by the user who sent them, and the time for which all users have some on record."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from loadtest.results.exchange import Exchange
from loadtest.verdict.aggregate import Row
from loadtest.workload.open import Open

TURNS = 4
"""First responses, of the fastest service, that a picture spans if others need no longer for theirs."""

SHORTEST = 0.001
"""The shortest time that a picture spans, in seconds."""


class User(NamedTuple):
    """The requests of one user, and the user's place among all of a step; the first one is 0."""

    place: int
    requests: list[Exchange]


def users(row: Row) -> list[User]:
    """Return the users of a step, sorted by when their first request was answered.

    A request without a user stands for one. Those of an open load are in the order of sending, as they arrived.
    """
    found: dict[int, list[Exchange]] = {}
    for place, exchange in enumerate(row.first):
        found.setdefault(-place if exchange.user is None else exchange.user, []).append(exchange)
    lists = [*found.values()]
    if not isinstance(row.load, Open):
        lists.sort(key=lambda requests: inf if requests[0].ended is None else requests[0].ended)
    return [User(place, requests) for place, requests in enumerate(lists)]


def some(everyone: Sequence[User], most: int) -> list[User]:
    """Return at most `most` users, evenly spread over all."""
    count = min(most, len(everyone))
    return [everyone[number * len(everyone) // count] for number in range(count)]


def end(steps: Sequence[Row]) -> float:
    """Return the second at which a picture of the steps of one load ends.

    Until then no user has sent a request that is not on record. If some users soon have all of theirs answered, and
    others wait for their first answer, the picture ends with the former; otherwise it need not last longer than the
    first answers.
    """
    everyone = [[user.requests for user in users(row)] for row in steps]
    lists = [requests for each in everyone for requests in each]
    last = max((each.ended or each.sent for requests in lists for each in requests), default=0.0)
    if any(requests[0].user is None for requests in lists):
        return max(SHORTEST, last)
    known = min((requests[-1].ended or inf for requests in lists), default=inf)
    answered = max((requests[0].ended or requests[0].sent for requests in lists), default=0.0)
    fastest = min((one.ended - one.sent for (one, *_) in lists if one.ended is not None), default=0.0)
    return max(SHORTEST, min(known, last, max(answered, TURNS * fastest)))
