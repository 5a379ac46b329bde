"""Say how many users show the difference between the services, and how users are shared among them."""

from collections.abc import Mapping, Sequence

from loadtest.english import listed
from loadtest.generator.options import DEFAULT

from .racers import Racer

TIMES = 4
"""The suggested users of each service, as a multiple of the requests that a blocking one works on at once."""


def users_for(racers: Sequence[Racer]) -> int | None:
    """Return a number of users, of all services together, with which the difference shows; None if none is blocking."""
    most = max((slots for racer in racers if (slots := racer.service.slots)), default=None)
    return most and most * TIMES * len(racers)


def advice(racers: Sequence[Racer], users: int, *, behind: bool = False) -> str:
    """Return why `users` users show the difference: the number that `users_for` returns.

    `behind`: several replicas of a service may be behind its address.
    """
    blocking = [(racer, slots) for racer in racers if (slots := racer.service.slots)]
    racer, most = max(blocking, key=lambda each: each[1])
    assumed = "; assumed from this terminal's settings" if racer.assumed else ""
    assumed += "; replicas multiply it" if behind else ""
    alike = min(slots for _, slots in blocking) * len(racers)
    return (
        f"In the scenario {DEFAULT}, {users // len(racers):,} for each service are {TIMES} times the {most} requests "
        f"that {racer.name} works on at once ({racer.service.made_of}{assumed}). With {alike:,} users or fewer, all "
        "services answer alike."
    )


def shared(weights: Mapping[str, float], users: int) -> str:
    """Return how `users` users are shared among user classes with these weights."""
    total = sum(weights.values())
    parts = [f"{users * weight / total:,.0f} are of {name}" for name, weight in weights.items()] if total else []
    if len(parts) < 2:
        return ""
    return f"All users are shared among the user classes by weight: of {users:,}, {listed(parts)}."
