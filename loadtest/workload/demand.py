"""What a request demands of a service, and what a prediction says, whatever the load."""

from dataclasses import dataclass

ROUNDING = 1e-9
"""Share by which two rates may differ and still be the same: at the knee they are, but for the last digit."""

USERS = "users"
SLOTS = "slots"
DEADLOCK = "deadlock"


@dataclass(frozen=True)
class Limit:
    """What a service has only so much of, such as slots: how many, and the seconds that a request holds one of them."""

    name: str
    capacity: int
    held: float

    @property
    def throughput(self) -> float:
        """The most requests per second that it lets through."""
        return self.capacity / self.held


@dataclass(frozen=True)
class Demand:
    """What one request demands of one service.

    `wait`: seconds that it waits on the service. `patience`: where a request waits for another one, which needs a slot
    too, the seconds after which it gives up.
    """

    wait: float
    limits: tuple[Limit, ...] = ()
    patience: float | None = None

    @property
    def tightest(self) -> Limit | None:
        """The limit that lets the fewest requests through."""
        return min(self.limits, key=lambda limit: limit.throughput, default=None)

    @property
    def slots(self) -> Limit | None:
        """The limit of the slots, where they are one."""
        return next((limit for limit in self.limits if limit.name == SLOTS), None)


@dataclass(frozen=True)
class Prediction:
    """What the model says of one service under one load."""

    throughput: float
    """Requests per second that succeed."""

    response: float
    """Seconds from asking to the answer, the queue included."""

    bound: str
    """`users`, the name of a limit, or `deadlock`."""

    @property
    def saturated(self) -> bool:
        """Whether requests have to queue."""
        return self.bound != USERS
