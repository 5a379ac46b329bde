"""Compare services by the answers that each gave in the same seconds, and say which leads."""

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

from loadtest.english import listed, plural_of
from loadtest.workload.open import CHANCE

FEW = 10
"""Answers of the fastest below which nothing is compared."""

ALIKE = 1.05
"""Ratio of answers up to which two services are equal."""

EARLY = "Too early to say who leads"


class Answers(NamedTuple):
    """The answers of a service that count, and the seconds in which it gave them."""

    number: int
    seconds: float

    @property
    def rate(self) -> float:
        """Return the answers per second."""
        return self.number / self.seconds if self.seconds else 0.0


class Lead(NamedTuple):
    """A sentence, and what it leaves out; the kind stays the same if only the figures change."""

    kind: str
    sentence: str
    more: str = ""


def starting(there: int, wanted: int, who: str) -> Lead:
    """Return that users are still starting, or leaving if there are too many."""
    if there > wanted:
        return Lead("leaving", f"Starting: {there - wanted} {who} still leave")
    return Lead("starting", f"Starting: {there} of {wanted} {who}")


def compared(services: Mapping[str, Answers], within: str = "") -> Lead:
    """Return which of some services leads. `within`: what counts as an answer, such as " within 2 s"."""
    first = max(services.values(), key=lambda each: each.rate)
    last = min(services.values(), key=lambda each: each.rate)
    if first.number < FEW:
        return Lead(
            "few", "Too few answers to say who leads", f"at most {first.number} in {first.seconds:.0f} s{within}"
        )
    if alike(first, last):
        mean = shown((first.rate + last.rate) / 2)
        return Lead("equal", f"Equal so far: each answers about {mean} a second{within}")
    leaders = [name for name, each in services.items() if alike(first, each)]
    behind = [
        name
        for name, each in services.items()
        if name not in leaders and alike(each, last) and (last.number or not each.number)  # one answer is not none
    ]
    between = [(name, each) for name, each in services.items() if name not in leaders and name not in behind]
    who = f"{listed(leaders)} {plural_of(len(leaders), 'answers', 'answer')}"
    kind = f"{who}, {listed(behind)}"
    more = "".join(f"and {times(first, each)} as much as {name}" for name, each in between)
    if not last.number:
        return Lead(kind, f"{who} {shown(first.rate)} a second{within}, {listed(behind)} none", more)
    return Lead(kind, f"{who} {times(first, last)} as much{within} as {listed(behind)}", more)


def alike(more: Answers, less: Answers) -> bool:
    """Return True if two services differ by little, or by no more than chance makes them."""
    difference = more.number - less.number
    return more.number <= ALIKE * less.number or difference <= CHANCE * sqrt(more.number + less.number)


def times(more: Answers, less: Answers) -> str:
    """Return a ratio of answers in words: "1.6 times", "20 times"."""
    ratio = more.rate / less.rate
    return f"{ratio:.0f} times" if ratio >= 9.95 else f"{ratio:.1f} times"


def shown(number: float) -> str:
    """Return a number per second, with one decimal below 10."""
    return f"{number:,.0f}" if number >= 9.95 else f"{number:.1f}"
