"""Validation of the run that a presenter starts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from reprlib import repr as shortened
from typing import Any

from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.durations import seconds
from loadtest.workload.open import PATIENCE, Open
from loadtest.workload.scenarios import RACED, longest

MOST_USERS = 1000
"""The most users of each racer, who are its clients in an open model."""

LEAST_RATE, MOST_RATE = 1, 1000
"""The fewest and the most arrivals per second at each racer: fewer would show too little in the time of the figures."""

OTHERS = ("delay", "scenario")
"""The keys of a start, beside that of its load."""

SHORTEST = 0.001
"""The shortest delay in seconds; a shorter wait could not be seen."""


@dataclass(frozen=True)
class Wish:
    """The requested run: the load of each racer, delay of each request, and scenario."""

    load: Load
    delay: str
    wait: float
    """The delay in seconds."""
    scenario: str


def decoded(body: bytes) -> Any:
    """Return the value of a JSON body, or None if it cannot be decoded."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # no JSON, or too many brackets
        return None


def wished(said: Any) -> Wish:
    """Return the run that `said`, a decoded JSON body, describes.

    Raises:
        ValueError: if the body is invalid; the message is one sentence.

    """
    if not isinstance(said, dict) or said.keys() not in ({"users", *OTHERS}, {"rate", *OTHERS}):
        raise ValueError("A start takes a JSON object with users or rate, delay and scenario.")
    load, delay, scenario = _load(said), said["delay"], said["scenario"]
    if not isinstance(scenario, str) or scenario not in RACED:
        raise ValueError(f"Scenario takes one of {', '.join(RACED)}; got {shortened(scenario)}.")
    if not isinstance(delay, str):
        raise ValueError(f"Delay takes a string such as '250ms'; got {shortened(delay)}.")
    wait = seconds("Delay", delay, "1ms", longest(scenario))
    if wait < SHORTEST:
        raise ValueError(f"Delay takes at least 1ms, so that the wait can be seen; got {delay!r}.")
    if wait > longest(scenario):
        raise ValueError(f"Delay takes at most {longest(scenario):g}s for {scenario}; got {delay!r}.")
    return Wish(load, delay, wait, scenario)


def _load(said: Mapping[str, Any]) -> Load:
    if "users" in said:
        users = said["users"]
        if type(users) is not int or not 1 <= users <= MOST_USERS:  # isinstance would accept a bool
            raise ValueError(f"Users takes a whole number from 1 to {MOST_USERS}; got {shortened(users)}.")
        return Closed(users)
    rate = said["rate"]
    if type(rate) not in (int, float) or not LEAST_RATE <= rate <= MOST_RATE:  # NaN fails every comparison
        raise ValueError(f"Rate takes a number from {LEAST_RATE} to {MOST_RATE}; got {shortened(rate)}.")
    return Open(float(rate), clients=min(MOST_USERS, ceil(rate * PATIENCE)))
