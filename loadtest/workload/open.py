"""An open load: requests arrive at a rate, from clients who do not care how busy the service is.

The intended starts of all requests form a schedule, which follows from a seed alone: every service gets the very same
arrivals, and what each request should take can be computed before the run (see replay.py). If a service has c of a
resource and a request holds one for D seconds, the service carries at most c / D arrivals per second. Above that there
is no steady state: the backlog grows by rate - c / D requests per second, and latencies only measure for how long.

A client that has no answer after its patience, counted from the intended start, gives up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice, takewhile
from math import ceil, inf, sqrt
from random import Random
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from .demand import ARRIVALS, BLOCKED, CPU, ROUNDING, Demand, Limit, Prediction
from .share import WHOLE, Share

MOST = 10_000
"""The largest pool of clients that a load has unless it says otherwise."""

PATIENCE = 10.0
"""Seconds after which clients give up unless a load says otherwise."""

SHORTEST_WARMUP = 0.5
"""Shortest warm-up in seconds."""

WINDOW_RESPONSES = 2.0
"""Response times that a window spans at least, of a request that queues for nothing."""

CHANCE = 3
"""Standard deviations by which fewer requests may arrive in a window than on average."""

LITTLE = 0.05
"""Share of the requests in flight by which Little's law may be off, beside those that the window's edges cut."""

Arrivals = Literal["poisson", "even"]


@dataclass(frozen=True)
class Open:
    """A load of `rate` arrivals per second."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    kind: Literal["open"] = field(default="open", kw_only=True, repr=False)
    """The kind of load, which distinguishes it from other loads in results.json."""
    rate: Annotated[float, Gt(0), Le(100_000)]
    arrivals: Arrivals = "poisson"
    """`poisson`: independent of each other, as those of many people are. `even`: at equal intervals."""
    seed: Annotated[int, Ge(0)] = 1
    patience: Annotated[float, Gt(0)] = PATIENCE
    """Seconds from the intended start after which a client gives up."""
    clients: Annotated[int, Ge(1), Le(100_000)] | None = None
    """The most requests that can be in flight; None: as many as can arrive within the patience, up to MOST."""

    unit: ClassVar = "arrivals/s"
    """The unit of `amount`."""

    beyond: ClassVar = 0
    """The number of steps that are run beyond the first saturated one, whose backlog would reach into the next."""

    @property
    def amount(self) -> float:
        """The size of the load, for sorting and drawing the loads of a run: an integer if it is whole."""
        return int(self.rate) if self.rate == int(self.rate) else self.rate

    @property
    def label(self) -> str:
        """The load in words."""
        return f"{self.amount} {'arrival' if self.amount == 1 else 'arrivals'}/s"

    @property
    def conditions(self) -> Mapping[str, float]:
        """The conditions, by name, that loads must share (beside the amount) for a comparison of their figures."""
        return {"evenly": float(self.arrivals == "even"), "seed": float(self.seed), "patience": self.patience}

    @property
    def most_in_flight(self) -> int:
        """The maximum number of requests in flight."""
        return self.clients or min(MOST, ceil(self.rate * self.patience))

    def at(self, rate: float) -> "Open":
        """Return this load at another rate."""
        return replace(self, rate=rate)

    def schedule(self, repeat: int, share: Share = WHOLE) -> Iterator[float]:
        """Return the intended starts of a repeat's requests, in seconds since the first could arrive, without an end.

        `share`: the load generator whose part of them to yield. Of even arrivals each takes every n-th one. Poisson
        arrivals are dealt by lot, so that each part is a Poisson stream of its own, and all of them together are one at
        the whole rate even if the generators begin at slightly different moments.
        """
        starts = self._starts(repeat)
        if share.of == 1:
            return starts
        if self.arrivals == "even":
            return islice(starts, share.place, None, share.of)
        lots = Random(f"{self.seed} {float(self.rate)!r} {repeat} {share.of}")  # noqa: S311 - reproducible, not secret
        return (start for start in starts if lots.randrange(share.of) == share.place)

    def _starts(self, repeat: int) -> Iterator[float]:
        if self.arrivals == "even":
            yield from (number / self.rate for number in count())
        random = Random(f"{self.seed} {float(self.rate)!r} {repeat}")  # noqa: S311 - reproducible, not secret
        moment = 0.0
        while True:
            moment += random.expovariate(self.rate)
            yield moment

    def until(self, seconds: float, repeat: int) -> Iterator[float]:
        """Yield the intended starts of a repeat before `seconds`."""
        return takewhile(lambda moment: moment < seconds, self.schedule(repeat))

    def predict(self, demand: Demand) -> Prediction:
        """Predict throughput and response time on average over all schedules, and name the tightest bound.

        The response time leaves out queues; that of a service that cannot keep up is the patience.
        """
        if demand.blocked:
            return Prediction(0.0, self.patience, BLOCKED)
        limit = capacity(demand)
        if limit is None or self.rate < limit.throughput * (1 - ROUNDING):
            return Prediction(self.rate, demand.alone, ARRIVALS)
        return Prediction(limit.throughput, demand.alone if demand.sheds else self.patience, limit.name)

    def saturates(self, demand: Demand) -> bool:
        """Return True if the backlog grows without end, by the prediction."""
        return demand.blocked or self.diverges(demand)

    def diverges(self, demand: Demand) -> bool:
        """Return True if the backlog grows without end: more requests arrive than a limit that refuses none carries.

        A service that refuses requests bounds the queues of all that its requests hold, but not that for the CPU.
        """
        endless = [each for each in demand.limits if each.name == CPU or not demand.sheds]
        return any(self.rate >= each.throughput * (1 - ROUNDING) for each in endless)

    def most(self, demand: Demand) -> float:
        """Return the throughput that no service with this demand can exceed."""
        limit = capacity(demand)
        return inf if limit is None else limit.throughput

    def unhindered(self, demand: Demand) -> float:  # noqa: ARG002 - other loads depend on the demand
        """Return the throughput of a service on which no request queues."""
        return self.rate

    def response(self, throughput: float) -> float:  # noqa: ARG002 - other loads depend on the throughput
        """Return 0: the throughput of an open load says nothing of the response time."""
        return 0.0

    def at_knee(self, demand: Demand) -> "Open | None":
        """Return None: at its knee an open load has no steady state."""

    def tail(self, response: float) -> float:
        """Return the expected seconds from the end of a window until its requests have ended."""
        return response

    def edges(self, response: float) -> float:  # noqa: ARG002 - other loads depend on the response time
        """Return the longest time in seconds from the end of a window until its requests have ended."""
        return self.patience

    def contradiction(self, in_flight: float, spent: float, seconds: float, edges: int) -> str | None:
        """Return by how much a window breaks Little's law, L = rate x mean latency, in words, or None if it obeys.

        `in_flight`: requests in flight on average. `spent`: seconds that all requests of the window spent in all.
        `seconds`: length of the window. `edges`: requests in flight at its beginning or its end, which it saw in part.
        """
        expected = spent / seconds
        longest = min(self.patience, seconds)
        allowed = LITTLE * expected + edges * min(longest, expected / self.rate) / seconds + 1 / seconds
        if abs(in_flight - expected) <= allowed:
            return None
        found = f"{in_flight:.1f} requests instead of {expected:.1f}"
        return f"on average {found} were in flight (Little's law, tolerance {allowed:.1f})"

    def spans(self, response: float, demand: Demand, seconds: float, requests: int) -> tuple[float, float]:  # noqa: ARG002
        """Return the seconds of warm-up and window. The window has at least `seconds` seconds and `requests` arrivals.

        Predictions begin with the first arrival too, so the warm-up need not last until the service is in a steady
        state.
        """
        expected = requests if self.arrivals == "even" else requests + CHANCE * sqrt(requests)
        window = max(seconds, WINDOW_RESPONSES * demand.alone, expected / self.rate)
        return max(SHORTEST_WARMUP, 2 * demand.alone), window


def capacity(demand: Demand) -> Limit | None:
    """Return the limit that binds first as the rate grows, or None without limits."""
    refusing = [demand.admission] if demand.sheds and demand.admission else []
    return min([*demand.limits, *refusing], key=lambda limit: limit.throughput, default=None)
