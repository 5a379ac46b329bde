"""The model that every measurement is held against: a closed system, Little's law, and a number of slots.

N users each have one request in flight, then think for Z seconds. A request waits R seconds on the service, which can
wait for `slots` requests at once (None: for as many as come). Then throughput is X = min(N / (R + Z), slots / R), and
N = X (response + Z) whatever the service does (J. D. C. Little, "A Proof for the Queuing Formula L = lambda W", 1961).
"""

from dataclasses import dataclass
from math import inf

ROUNDING = 1e-9
"""Share by which two rates may differ and still be the same: at the knee they are, but for the last digit."""


@dataclass(frozen=True)
class Load:
    """What is asked of every service: `wait` seconds on the service per request, `think` seconds between requests."""

    wait: float
    think: float = 0.0


@dataclass(frozen=True)
class Prediction:
    """What the model says of one service under one number of users."""

    throughput: float
    """Requests per second."""

    response: float
    """Seconds from asking to the answer, the queue included."""

    saturated: bool
    """Whether users have to queue for a slot."""


def predict(users: int, load: Load, slots: int | None) -> Prediction:
    """The throughput and response time of `users` users; neither framework nor CPU time is part of the model."""
    by_users = users / (load.wait + load.think)
    by_slots = inf if slots is None else slots / load.wait
    throughput = min(by_users, by_slots)
    return Prediction(throughput, users / throughput - load.think, saturated=by_users > by_slots * (1 + ROUNDING))


def knee(load: Load, slots: int | None) -> float:
    """The number of users from which on they queue: N* = slots (R + Z) / R."""
    return inf if slots is None else slots * (load.wait + load.think) / load.wait


def missing(users: int, throughput: float, response: float, think: float) -> float:
    """Users that Little's law cannot account for: N - X (R + Z). Seconds, and requests per second."""
    return users - throughput * (response + think)
