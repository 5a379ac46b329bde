"""The largest sentence of the page: who leads by how much."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import NamedTuple

from loadtest.english import count, listed, plural_of
from loadtest.workload.open import Open

from .captions import READY, STARTING, STOPPING, Race
from .figures import CHANCE, Figures

FEW = 10
"""Answers of the fastest in the window below which nothing is compared."""

ALIKE = 1.05
"""Ratio of answers up to which two services are equal."""


EARLY = "Too early to say who leads"


class Lead(NamedTuple):
    """A sentence, and what it leaves out; the kind stays the same if only the figures change."""

    kind: str
    sentence: str
    more: str = ""


def lead(race: Race, racers: Mapping[str, Figures], deadline: float, *, abandoned: bool = False) -> Lead:
    """Return who leads. `racers`: figures by name; `deadline`: seconds in which an answer of an open load is good.

    `abandoned`: whether services may still work on requests from before the run.
    """
    if (state := _coming_or_going(race, racers)) is not None:
        return state
    if abandoned:
        return Lead("early", EARLY, "services may still work on abandoned requests")
    return _compared(racers, isinstance(race.load, Open) and deadline)


def _coming_or_going(race: Race, racers: Mapping[str, Figures]) -> Lead | None:
    if race.state == READY:
        return Lead("ready", "Ready to start")
    if race.state == STOPPING:
        left = sum(now.in_flight for now in racers.values())
        return Lead("stopping", f"Stopping: {count(left, 'request')} still in flight")
    there, wanted = sum(now.users for now in racers.values()), race.users * len(racers)
    if race.state == STARTING and there < wanted:
        who = "clients" if isinstance(race.load, Open) else "users"
        return Lead("starting", f"Starting: {there} of {wanted} {who}")
    early = [name for name, now in racers.items() if not now.settled]
    if not early:
        return None
    which = "none has" if len(early) == len(racers) else f"{listed(early)} {plural_of(len(early), 'has', 'have')} not"
    return Lead("early", EARLY, f"{which} settled yet")


def _compared(racers: Mapping[str, Figures], deadline: float) -> Lead:
    """Return who leads of racers that have settled. `deadline`: that of an open load, else 0."""
    first, last = max(racers.values(), key=rate), min(racers.values(), key=rate)
    in_time = f" within {deadline:g} s" if deadline else ""
    if first.good < FEW:
        return Lead(
            "few", "Too few answers to say who leads", f"at most {first.good} in {first.seconds:.0f} s{in_time}"
        )
    if alike(first, last):
        mean = shown((rate(first) + rate(last)) / 2)
        return Lead("equal", f"Equal so far: each answers about {mean} a second{in_time}")
    leaders = [name for name, now in racers.items() if alike(first, now)]
    behind = [
        name
        for name, now in racers.items()
        if name not in leaders and alike(now, last) and (last.good or not now.good)  # one answer is not none
    ]
    between = [(name, now) for name, now in racers.items() if name not in leaders and name not in behind]
    who = f"{listed(leaders)} {plural_of(len(leaders), 'answers', 'answer')}"
    kind = f"{who}, {listed(behind)}"
    more = "".join(f"and {times(first, now)} as much as {name}" for name, now in between)
    if not last.good:
        sentence = f"{who} {shown(rate(first))} a second{in_time}, {listed(behind)} none"
        return Lead(kind, sentence, more)
    return Lead(kind, f"{who} {times(first, last)} as much{in_time} as {listed(behind)}", more)


def short(names: Sequence[str]) -> Sequence[str]:
    """Return the names without their settings, such as `:threads=8`, if they still differ."""
    bare = [name.partition(":")[0] for name in names]
    return bare if len({*bare}) == len(bare) else names


def rate(now: Figures) -> float:
    """Return the answers per second that count for who leads."""
    return now.good / now.seconds if now.seconds else 0.0


def alike(more: Figures, less: Figures) -> bool:
    """Return True if two racers differ by little, or by no more than chance makes them."""
    return more.good <= ALIKE * less.good or more.good - less.good <= CHANCE * sqrt(more.good + less.good)


def times(more: Figures, less: Figures) -> str:
    """Return a ratio of answers in words: "1.6 times", "20 times"."""
    ratio = rate(more) / rate(less)
    return f"{ratio:.0f} times" if ratio >= 9.95 else f"{ratio:.1f} times"


def shown(number: float) -> str:
    """Return a number per second, with one decimal below 10."""
    return f"{number:.0f}" if number >= 9.95 else f"{number:.1f}"
