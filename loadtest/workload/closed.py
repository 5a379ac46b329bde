"""A closed load: so many users, each of whom waits for the answer before asking again.

N users each have one request in flight, then think for Z seconds. A request takes R seconds of waiting, and holds
something meanwhile: a slot of the service, a connection of its pool. With c of these, each held for D seconds by a
request, throughput is X = min(N / (R + Z), c / D for each of them): the asymptotic bounds of operational analysis
(P. J. Denning and J. P. Buzen, "The Operational Analysis of Queueing Network Models", 1978). Whatever the service does,
N = X (response + Z) (J. D. C. Little, "A Proof for the Queuing Formula L = lambda W", 1961).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor, inf
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le

from loadtest.english import count

from .demand import DEADLOCK, ROUNDING, USERS, Demand, Prediction

SHORTEST_WARMUP = 0.5
"""Seconds."""

WARMUP_RESPONSES = 1.25
"""Predicted response times that a warm-up spans: after one, every answer has seen the full queue."""

WINDOW_RESPONSES = 1.8
"""Predicted response times that a window spans at the least. It then goes on to the end of a turn: to two."""

LITTLE = 0.05
"""Share of the users that Little's law may miss, beside the one request that an edge of the window may cut."""


@dataclass(frozen=True)
class Closed:
    """So many users, each of whom thinks for `think` seconds between an answer and the next request."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    kind: Literal["closed"] = field(default="closed", kw_only=True, repr=False)
    """What tells it apart from other loads in results.json."""
    users: Annotated[int, Ge(1), Le(1_000_000)]
    think: Annotated[float, Ge(0)] = 0.0

    unit: ClassVar = "users"
    """What `amount` counts."""

    @property
    def amount(self) -> int:
        """The size of the load, by which the loads of a run are sorted and drawn."""
        return self.users

    @property
    def label(self) -> str:
        """The load in words."""
        return count(self.users, "user")

    @property
    def conditions(self) -> Mapping[str, float]:
        """What else than their amount loads have to share for their figures to compare, by name."""
        return {"think": self.think}

    @property
    def most_in_flight(self) -> int:
        """The most requests that are in flight at once."""
        return self.users

    def predict(self, demand: Demand) -> Prediction:
        """Predict throughput and response time; neither framework nor CPU time is part of the model."""
        if demand.patience is not None and (slots := demand.slots) is not None and self.users >= slots.capacity:
            return Prediction(0.0, self.users * demand.patience / slots.capacity, DEADLOCK)
        throughput, bound = self.unhindered(demand), USERS
        for limit in demand.limits:
            if throughput > limit.throughput * (1 + ROUNDING):
                throughput, bound = limit.throughput, limit.name
        return Prediction(throughput, self.response(throughput), bound)

    def unhindered(self, demand: Demand) -> float:
        """Return the throughput of a service that has no limits."""
        return self.users / (demand.wait + self.think)

    def response(self, throughput: float) -> float:
        """Return the mean response time, in seconds, of a service that has this throughput (Little's law)."""
        return self.users / throughput - self.think

    def knee(self, demand: Demand) -> float:
        """Return the number of users from which on they queue: N* = c (R + Z) / D, for the tightest limit."""
        return inf if demand.tightest is None else demand.tightest.throughput * (demand.wait + self.think)

    def at_knee(self, demand: Demand) -> "Closed | None":
        """Return the most users who think so long and do not queue; None where nothing makes them queue."""
        knee = self.knee(demand)
        return None if knee == inf else Closed(floor(knee * (1 + ROUNDING)), self.think)  # users are whole

    def missing(self, throughput: float, response: float) -> float:
        """Return the users whom Little's law cannot account for: N - X (response + Z)."""
        return self.users - throughput * (response + self.think)

    def contradiction(self, throughput: float, response: float, seconds: float, cut: int = 1) -> str | None:
        """Say how far a window of `seconds` breaks Little's law; None where it obeys it.

        `cut`: the requests that an edge of the window may cut.
        """
        missing = self.missing(throughput, response)
        allowed = LITTLE * self.users + cut * (response + self.think) / seconds
        if abs(missing) <= allowed:
            return None
        return f"Little's law misses {missing:.1f} of {self.users} users, more than {allowed:.1f}"

    def spans(self, response: float, demand: Demand, seconds: float, requests: int) -> tuple[float, float]:
        """Return the seconds of warm-up and of window where responses take `response` seconds.

        The window is at least `seconds` long, and holds `requests`. The warm-up also outlasts the moment that users who
        start together are spread over, one wait.
        """
        cycle = response + self.think
        window = max(seconds, WINDOW_RESPONSES * cycle, requests * cycle / self.users)
        return max(SHORTEST_WARMUP, demand.wait + WARMUP_RESPONSES * cycle), window
