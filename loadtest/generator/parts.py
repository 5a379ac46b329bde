"""Counts of requests by kind, which grow during a step, and are added for several load generators."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

KINDS = 20
"""Requests of different names, and errors of different kinds, that are told apart; all others are one."""

OTHERS = "others"
"""The name of the rest."""


class Part(NamedTuple):
    """The numbers of one kind of request. `latency`: response times in milliseconds to numbers of requests."""

    requests: int
    failures: int
    latency: Mapping[float, int]

    def since(self, before: "Part") -> "Part":
        """Return what has been added to another snapshot."""
        requests, failures = self.requests - before.requests, self.failures - before.failures
        return Part(requests, failures, grown(before.latency, self.latency))

    @classmethod
    def joined(cls, parts: Iterable["Part"]) -> "Part":
        """Return several as one."""
        every = [*parts]
        latency = sum((Counter(each.latency) for each in every), Counter[float]())
        return cls(sum(each.requests for each in every), sum(each.failures for each in every), latency)


NOTHING = Part(0, 0, {})


def fewer(kinds: Mapping[str, T], joined: Callable[[Iterable[T]], T], size: Callable[[T], int]) -> dict[str, T]:
    """Return the KINDS largest, in their order, and the others as one, with those that were others before."""
    named = kinds.keys() - {OTHERS}
    kept = {*sorted(named, key=lambda name: size(kinds[name]), reverse=True)[:KINDS]}
    rest = [kinds[name] for name in kinds if name not in kept]
    return {name: each for name, each in kinds.items() if name in kept} | ({OTHERS: joined(rest)} if rest else {})


def grown(before: Mapping[Any, int], after: Mapping[Any, int]) -> dict[Any, int]:
    """Return the growth of each count that has grown."""
    return {key: count - before.get(key, 0) for key, count in after.items() if count > before.get(key, 0)}
