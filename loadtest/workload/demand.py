"""The demand of a request on a service, and the prediction of a model: common to all kinds of load."""

from dataclasses import dataclass

ROUNDING = 1e-9
"""Share by which two equal rates may differ: at the knee they are equal except for rounding."""

USERS = "users"
SLOTS = "slots"
DEADLOCK = "deadlock"
BLOCKED = "slow clients"

STANDSTILL = (DEADLOCK, BLOCKED)
"""Bounds at which no request succeeds."""


@dataclass(frozen=True)
class Limit:
    """A limited resource of a service, such as slots: its capacity, and the seconds that a request holds one unit."""

    name: str
    capacity: int
    held: float

    @property
    def throughput(self) -> float:
        """The maximum throughput in requests per second."""
        return self.capacity / self.held


@dataclass(frozen=True)
class Demand:
    """The demand of one request on one service.

    `wait`: seconds that the request waits on the service. `patience`: seconds until a long poll times out; None for
    requests that do not wait for another request, which needs a slot too. `blocked`: True if slow clients hold every
    slot.
    """

    wait: float
    limits: tuple[Limit, ...] = ()
    patience: float | None = None
    blocked: bool = False

    @property
    def tightest(self) -> Limit | None:
        """The limit with the lowest throughput, or None without limits."""
        return min(self.limits, key=lambda limit: limit.throughput, default=None)

    @property
    def slots(self) -> Limit | None:
        """The limit of the slots, or None if slots are unlimited."""
        return next((limit for limit in self.limits if limit.name == SLOTS), None)


@dataclass(frozen=True)
class Prediction:
    """The model's prediction for one service under one load."""

    throughput: float
    """Successful requests per second."""

    response: float
    """Seconds from request to response, including the queue."""

    bound: str
    """`users`, the name of a limit, `deadlock` or `slow clients`."""

    @property
    def saturated(self) -> bool:
        """True if requests queue."""
        return self.bound != USERS
