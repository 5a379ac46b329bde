"""The parts of a lesson: a question with its wrong answers, and the experiment that answers it."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Protocol

from backing.environment import Backing, Need
from loadtest.measure.comparison import Progress

TOLERANCE = 0.1
"""Share of an answer within which a number counts as that answer."""


@dataclass(frozen=True)
class Misconception:
    """A way to think that gives a wrong number."""

    value: float
    """The number, in the unit of the question, from the same model as the answer, with one assumption that is wrong."""
    why: str
    """One or two sentences that name the assumption and say why it is wrong."""


@dataclass(frozen=True)
class Question:
    """A question whose answer is a number.

    `unit`: the unit of the answer, as it stands behind a number. `tolerance`: the share within which a number is right.
    """

    sentence: str
    unit: str
    answer: float
    how: str
    """The calculation that leads to the answer."""
    misconceptions: tuple[Misconception, ...]
    tolerance: float = TOLERANCE

    def alike(self, number: float, other: float) -> bool:
        """Return True if a number is `other` within the tolerance: a share of it or, if that is 0, of the answer."""
        return abs(number - other) <= self.tolerance * (other or self.answer / 2)


@dataclass(frozen=True)
class Finding:
    """The result of an experiment."""

    measured: float | None
    """The measured answer, in the unit of the question, or None if the run gave none."""
    beside: tuple[str, ...] = ()
    """Sentences on what else was measured."""
    doubts: tuple[str, ...] = ()
    """The reasons why the run is inconclusive."""


class Experiment(Protocol):
    """A run that measures the answer to a question, on real services."""

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""

    @property
    def needs(self) -> Set[Need]:
        """The backing services that the run needs."""

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Run the experiment. Raises ServiceFailed or GeneratorFailed if a process fails."""


@dataclass(frozen=True)
class Lesson:
    """One idea: a question, the experiment that answers it, and what to keep."""

    slug: str
    title: str
    question: Question
    experiment: Experiment
    idea: str
    """One sentence: what whoever has understood the lesson knows."""
    read: str
    """The page to read next: a path in the repository, with or without an anchor."""
