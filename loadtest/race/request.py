"""What a presenter may ask for."""

from dataclasses import dataclass
from typing import Any

from loadtest.workload.durations import seconds
from loadtest.workload.scenarios import ABOUT, longest

MOST_USERS = 1000
"""Of each racer."""

SHORTEST = 0.001
"""Seconds of a delay: with less there is no wait to look at."""


@dataclass(frozen=True)
class Wish:
    """A run: users of each racer, how long each request waits, and what it waits for."""

    users: int
    delay: str
    wait: float
    """The delay in seconds."""
    scenario: str


def wished(said: Any) -> Wish:
    """The run that `said`, a decoded JSON body, asks for.

    Raises:
        ValueError: with one sentence that says what is wrong.

    """
    if not isinstance(said, dict) or said.keys() != {"users", "delay", "scenario"}:
        raise ValueError("A start takes an object of users, delay and scenario.")
    users, delay, scenario = said["users"], said["delay"], said["scenario"]
    if type(users) is not int or not 1 <= users <= MOST_USERS:  # a bool would be an int
        raise ValueError(f"Users takes a whole number from 1 to {MOST_USERS}; got {users!r}.")
    if not isinstance(scenario, str) or scenario not in ABOUT:
        raise ValueError(f"Scenario takes one of {', '.join(ABOUT)}; got {scenario!r}.")
    if not isinstance(delay, str):
        raise ValueError(f"Delay takes a text such as '250ms'; got {delay!r}.")
    wait = seconds("Delay", delay)
    if wait < SHORTEST:
        raise ValueError(f"Delay takes at least 1ms, so that there is a wait to look at; got {delay!r}.")
    if wait > longest(scenario):
        raise ValueError(f"Delay takes at most {longest(scenario):g}s for {scenario}; got {delay!r}.")
    return Wish(users, delay, wait, scenario)
