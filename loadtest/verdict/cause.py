"""The cause that most inconclusive steps have in common, and what to do about it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from loadtest.english import count

from .aggregate import Row
from .doubts import FULL, GENERATOR_FULL, OFF, OTHER_MACHINES, QUOTA, SATURATED, UNLIKE, UNSTEADY
from .generators import FALLEN
from .processors import NEIGHBOURS

CAUSES = {
    FALLEN: ("a load generator fell out", "Start it again, and run again."),
    NEIGHBOURS: ("other processes took CPU time from the run", "Close other programs, and run again."),
    FULL: (
        "the cores of the load generator were full",
        "Close other programs, or ask for less load, and run again.",
    ),
    SATURATED: (
        "services and load generator share the cores, and these were full",
        "Run on a machine with more cores, or with fewer users.",
    ),
    OTHER_MACHINES: ("other virtual machines took CPU time from this one", "Run again at another time."),
    QUOTA: ("a CPU quota held the processes back", "Raise the quota, and run again."),
    GENERATOR_FULL: ("the load generator was the limit", "Ask for less load, and run again."),
    UNLIKE: ("repeats of the same step disagree", "Run again with more --seconds."),
    UNSTEADY: ("services were not steady", "Run again with more --seconds."),
    OFF: ("throughput is not what the model allows", "Run again on a quiet machine, with more --seconds."),
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
    begins, times = Counter(_begins(row.doubts) for row in doubted).most_common(1)[0]
    if not begins:
        return []
    why, remedy = CAUSES[begins]
    most = "" if times == len(doubted) else "mostly "
    steps = f"{len(doubted)} of {count(len(measured), 'step')}"
    return [f"{steps} cannot be trusted, {most}because {why}. {remedy}"]


def _begins(doubts: Sequence[str]) -> str:
    """Return the first of CAUSES that a doubt begins with, or ""."""
    return next((begins for begins in CAUSES if any(doubt.startswith(begins) for doubt in doubts)), "")
