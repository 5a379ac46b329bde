"""A closed load: a fixed number of users, each of whom waits for the response before the next request.

N users each have one request in flight, then think for Z seconds. A request that queues for nothing takes R seconds,
and meanwhile holds resources: a slot of the service, a connection of its pool, a processor. If a service has c of a
resource and a request holds one for D seconds, throughput is at most X = min(N / (R + Z), c / D of each resource): the
asymptotic bounds of operational analysis (P. J. Denning and J. P. Buzen, "The Operational Analysis of Queueing Network
Models", 1978). Where the CPU time of a request is known, requests also queue for the processors before these bounds are
reached (see queueing.py). For every service, N = X (response + Z) (J. D. C. Little, "A Proof for the Queuing Formula
L = lambda W", 1961).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor, inf
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le

from loadtest.english import count

from .demand import BLOCKED, DEADLOCK, GENERATOR, HELD_AT_WORK, ROUNDING, USERS, Demand, Limit, Prediction
from .queueing import Station, mean_value_analysis

SHORTEST_WARMUP = 0.5
"""Shortest warm-up in seconds."""

WARMUP_RESPONSES = 1.25
"""Predicted response times that a warm-up spans: after one, every response has been through the full queue."""

WINDOW_RESPONSES = 1.8
"""Predicted response times that a window spans at least. The window then lasts to the end of a turn: to two."""

EDGE = 5.0
"""Seconds to wait for a completed request at the edge of a window, in addition to two predicted response times."""

LITTLE = 0.05
"""Share of the users by which Little's law may be off, beside the one request that an edge of the window may cut."""

PAUSE = 5e-5
"""Seconds that the load generator may take between a response and the next request of a user who does not think."""


@dataclass(frozen=True)
class Closed:
    """A load of `users` users, each of whom thinks for `think` seconds between a response and the next request."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    kind: Literal["closed"] = field(default="closed", kw_only=True, repr=False)
    """The kind of load, which distinguishes it from other loads in results.json."""
    users: Annotated[int, Ge(1), Le(1_000_000)]
    think: Annotated[float, Ge(0)] = 0.0

    unit: ClassVar = "users"
    """The unit of `amount`."""

    beyond: ClassVar = 1
    """The number of steps that are run beyond the first saturated one: what more users change is only the latency."""

    @property
    def amount(self) -> int:
        """The size of the load, for sorting and drawing the loads of a run."""
        return self.users

    @property
    def label(self) -> str:
        """The load in words."""
        return count(self.users, "user")

    @property
    def conditions(self) -> Mapping[str, float]:
        """The conditions, by name, that loads must share (beside the amount) for a comparison of their figures."""
        return {"think": self.think}

    @property
    def most_in_flight(self) -> int:
        """The maximum number of requests in flight."""
        return self.users

    def predict(self, demand: Demand) -> Prediction:
        """Predict throughput and response time, and name the tightest bound."""
        if demand.blocked:
            return Prediction(0.0, demand.wait, BLOCKED)
        if demand.patience is not None and (slots := demand.slots) is not None and self.users >= slots.capacity:
            return Prediction(0.0, self.users * demand.patience / slots.capacity, DEADLOCK)
        bounds = self._bounds(demand)
        bound = min(bounds, key=lambda name: bounds[name] * (1 if name == USERS else 1 + ROUNDING))
        throughput = min(self._queued(demand), *(_queued(limit, demand) for limit in demand.limits), bounds[bound])
        return Prediction(throughput, self.response(throughput), bound)

    def saturates(self, demand: Demand) -> bool:
        """Return True if requests queue, by the prediction."""
        return self.predict(demand).saturated

    def most(self, demand: Demand) -> float:
        """Return the throughput that no queueing can exceed: the tightest of the asymptotic bounds."""
        return min(self._bounds(demand).values())

    def _bounds(self, demand: Demand) -> dict[str, float]:
        bounds = {limit.name: limit.throughput for limit in demand.limits}
        if demand.beside:
            bounds[GENERATOR] = demand.generators / demand.beside
        return {USERS: self.users / self._turn(demand), **bounds}

    def unhindered(self, demand: Demand) -> float:
        """Return the throughput of a service on which no request queues."""
        return self.users / (demand.alone + self.think)

    def _turn(self, demand: Demand) -> float:
        """Return the seconds from one request of a user to the next, on a busy service that has no queue."""
        return demand.alone - demand.waking + self.think

    def _queued(self, demand: Demand) -> float:
        """Return the throughput if requests queue for the CPU and the load generator, and for nothing else."""
        delay = demand.wait + demand.late + self.think
        return mean_value_analysis(self.users, delay, (*_processors(demand), *_beside(demand)), demand.waking)

    def response(self, throughput: float) -> float:
        """Return the mean response time, in seconds, of a service that has this throughput (Little's law)."""
        return self.users / throughput - self.think

    def knee(self, demand: Demand) -> float:
        """Return the number of users above which requests queue: N* = c (R + Z) / D of the tightest limit, or inf."""
        return inf if demand.tightest is None else demand.tightest.throughput * self._turn(demand)

    def at_knee(self, demand: Demand) -> "Closed | None":
        """Return the largest load with the same think time and no queue, or None without a limit."""
        knee = self.knee(demand)
        return None if knee == inf else Closed(floor(knee * (1 + ROUNDING)), self.think)  # a whole number of users

    def tail(self, response: float) -> float:  # noqa: ARG002 - other loads depend on the response time
        """Return the seconds from the end of a window until its requests have ended: it ends with one of them."""
        return 0.0

    def edges(self, response: float) -> float:
        """Return the longest time in seconds to wait for the completed request that opens or closes a window."""
        return EDGE + 2 * response

    def missing(self, throughput: float, response: float) -> float:
        """Return the number of users that Little's law does not account for: N - X (response + Z)."""
        return self.users - throughput * (response + self.think)

    def contradiction(self, throughput: float, response: float, seconds: float, cut: int = 1) -> str | None:
        """Return by how much a window of `seconds` seconds breaks Little's law, in words, or None if it obeys the law.

        `cut`: the number of requests that an edge of the window may cut.
        """
        missing = self.missing(throughput, response)
        allowed = LITTLE * self.users + cut * (response + self.think) / seconds + throughput * PAUSE
        if abs(missing) <= allowed:
            return None
        found = f"{self.users - missing:.1f} users instead of {self.users}"
        return f"concurrency is {found} (Little's law, tolerance {allowed:.1f})"

    def spans(self, response: float, demand: Demand, seconds: float, requests: int) -> tuple[float, float]:
        """Return the seconds of warm-up and window for response times of `response` seconds.

        The window has at least `seconds` seconds and `requests` requests. The warm-up also includes one wait: the
        users' first requests are spread over it.
        """
        cycle = response + self.think
        window = max(seconds, WINDOW_RESPONSES * cycle, requests * cycle / self.users)
        return max(SHORTEST_WARMUP, demand.alone + WARMUP_RESPONSES * cycle), window


def _queued(limit: Limit, demand: Demand) -> float:
    """Return the throughput with every unit of a limit taken, if requests that hold one also queue for the CPU."""
    cpu = demand.cpu
    if cpu is None or limit.name not in HELD_AT_WORK:
        return limit.throughput
    return mean_value_analysis(limit.capacity, max(0.0, limit.held - cpu.held), _processors(demand))


def _processors(demand: Demand) -> tuple[Station, ...]:
    return (Station(demand.cpu.held, demand.cpu.capacity),) if demand.cpu else ()


def _beside(demand: Demand) -> tuple[Station, ...]:
    return (Station(demand.beside, demand.generators),) if demand.beside else ()
