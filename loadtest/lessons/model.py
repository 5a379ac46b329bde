"""Numbers by the model, without any measurement: the answers, and the wrong answers of one wrong assumption."""

from loadtest.contenders.selection import chosen
from loadtest.contenders.service import Service, lineup
from loadtest.workload import scenarios
from loadtest.workload.closed import Closed

CORES = 1
"""Cores of the services that the questions assume: half of two."""


def service(text: str, cores: float = CORES) -> Service:
    """Return the service that `text` names, such as `flask:workers=2`, for `cores` cores."""
    return chosen(text, lineup(cores))


def rate(text: str, scenario: str, users: int, wait: float, cores: float = CORES) -> float:
    """Return the answers per second that `users` users get from a service, each request waiting `wait` seconds."""
    demand = scenarios.demand(scenario, service(text, cores), wait)
    assert demand is not None
    return Closed(users).predict(demand).throughput


def frozen(rank: float, answers_in: float, freeze: float, window: float) -> float:
    """Return the latency in seconds that a share `rank` of the arrivals of a window does not exceed.

    The service answers in `answers_in` seconds but stands still once for `freeze` of the `window` seconds. Arrivals at
    an even rate meet every moment of the freeze equally often, and wait for its end.
    """
    return answers_in + max(0.0, freeze - (1 - rank) * window)
