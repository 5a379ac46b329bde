"""The model that every measurement is held against: a closed system, Little's law, and what there is only so much of.

N users each have one request in flight, then think for Z seconds. A request takes R seconds of waiting, and holds
something meanwhile: a slot of the service, a connection of its pool. With c of these, each held for D seconds by a
request, throughput is X = min(N / (R + Z), c / D for each of them): the asymptotic bounds of operational analysis
(P. J. Denning and J. P. Buzen, "The Operational Analysis of Queueing Network Models", 1978). Whatever the service does,
N = X (response + Z) (J. D. C. Little, "A Proof for the Queuing Formula L = lambda W", 1961).
"""

from dataclasses import dataclass
from math import inf

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
class Load:
    """What one user asks of one service.

    `wait` seconds on the service per request, `think` seconds between requests. `patience`: where a request waits for
    another one, which needs a slot too, the seconds after which it gives up.
    """

    wait: float
    think: float = 0.0
    limits: tuple[Limit, ...] = ()
    patience: float | None = None


@dataclass(frozen=True)
class Prediction:
    """What the model says of one service under one number of users."""

    throughput: float
    """Requests per second that succeed."""

    response: float
    """Seconds from asking to the answer, the queue included."""

    bound: str
    """`users`, the name of a limit, or `deadlock`."""

    @property
    def saturated(self) -> bool:
        """Whether users have to queue."""
        return self.bound != USERS


def predict(users: int, load: Load) -> Prediction:
    """The throughput and response time of `users` users; neither framework nor CPU time is part of the model."""
    if load.patience is not None and (slots := _slots(load)) is not None and users >= slots.capacity:
        return Prediction(0.0, users * load.patience / slots.capacity, DEADLOCK)
    throughput, bound = users / (load.wait + load.think), USERS
    for limit in load.limits:
        if throughput > limit.throughput * (1 + ROUNDING):
            throughput, bound = limit.throughput, limit.name
    return Prediction(throughput, users / throughput - load.think, bound)


def knee(load: Load) -> float:
    """The number of users from which on they queue: N* = c (R + Z) / D, for the tightest limit."""
    return min((limit.throughput * (load.wait + load.think) for limit in load.limits), default=inf)


def missing(users: int, throughput: float, response: float, think: float) -> float:
    """Users that Little's law cannot account for: N - X (R + Z). Seconds, and requests per second."""
    return users - throughput * (response + think)


def _slots(load: Load) -> Limit | None:
    return next((limit for limit in load.limits if limit.name == SLOTS), None)
