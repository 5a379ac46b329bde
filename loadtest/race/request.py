"""Validation of the run that a presenter starts."""

import json
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any

from loadtest.workload.durations import seconds
from loadtest.workload.scenarios import RACED, longest

MOST_USERS = 1000
"""The most users of each racer."""

SHORTEST = 0.001
"""The shortest delay in seconds; a shorter wait could not be seen."""


@dataclass(frozen=True)
class Wish:
    """The requested run: users of each racer, delay of each request, and scenario."""

    users: int
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
    if not isinstance(said, dict) or said.keys() != {"users", "delay", "scenario"}:
        raise ValueError("A start takes a JSON object with users, delay and scenario.")
    users, delay, scenario = said["users"], said["delay"], said["scenario"]
    if type(users) is not int or not 1 <= users <= MOST_USERS:  # isinstance would accept a bool
        raise ValueError(f"Users takes a whole number from 1 to {MOST_USERS}; got {shortened(users)}.")
    if not isinstance(scenario, str) or scenario not in RACED:
        raise ValueError(f"Scenario takes one of {', '.join(RACED)}; got {shortened(scenario)}.")
    if not isinstance(delay, str):
        raise ValueError(f"Delay takes a string such as '250ms'; got {shortened(delay)}.")
    wait = seconds("Delay", delay, "1ms", longest(scenario))
    if wait < SHORTEST:
        raise ValueError(f"Delay takes at least 1ms, so that the wait can be seen; got {delay!r}.")
    if wait > longest(scenario):
        raise ValueError(f"Delay takes at most {longest(scenario):g}s for {scenario}; got {delay!r}.")
    return Wish(users, delay, wait, scenario)
