"""The cause that most inconclusive steps have in common, and what to do about it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from loadtest.english import count

from .aggregate import Row

CAUSES = {
    "other processes": ("other processes took CPU time from the run", "Close other programs, and run again."),
    "the cores of everything but": (
        "the cores of the load generator were full",
        "Close other programs, or ask for less load, and run again.",
    ),
    "the machine was saturated": (
        "services and load generator share the cores, and these were full",
        "Run on a machine with more cores, or with fewer users.",
    ),
    "other virtual machines": ("other virtual machines took CPU time from this one", "Run again at another time."),
    "a CPU quota": ("a CPU quota held the processes back", "Raise the quota, and run again."),
    "the load generator": ("the load generator was the limit", "Ask for less load, and run again."),
    "the repeats disagree": ("repeats of the same step disagree", "Run again with more --seconds."),
    "throughput": ("throughput was not steady, or not as predicted", "Run again with more --seconds."),
}
"""The causes in words, and what to do about them, by how a doubt begins. A service's own faults are not among them."""

MANY = 0.5
"""The least share of a run's steps that are inconclusive for a cause to be told beside their list."""


def cause(table: Iterable[Row]) -> list[str]:
    """Return why many steps are inconclusive, with a remedy, as one sentence in a list; else an empty list."""
    measured = [row for row in table if row.windows]
    doubted = [row for row in measured if not row.holds]
    if not measured or len(doubted) < MANY * len(measured):
        return []
    causes = Counter(begins for row in doubted for begins in {_begins(row.doubts)})
    begins, times = causes.most_common(1)[0]
    if not begins:
        return []
    why, remedy = CAUSES[begins]
    most = "" if times == len(doubted) else "mostly "
    steps = f"{len(doubted)} of {count(len(measured), 'step')}"
    return [f"{steps} cannot be trusted, {most}because {why}. {remedy}"]


def _begins(doubts: Sequence[str]) -> str:
    """Return the first of CAUSES that a doubt begins with, or ""."""
    return next((begins for begins in CAUSES if any(doubt.startswith(begins) for doubt in doubts)), "")
