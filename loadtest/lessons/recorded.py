"""Recorded runs of all lessons, for a machine that is too busy for a run of its own.

`python -m loadtest.lessons.recorded` records them anew.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from backing.environment import backing
from loadtest.measure.machine import machine
from loadtest.processes import signals
from loadtest.results import atomic
from loadtest.results.schema import Step

from .catalogue import LESSONS
from .lesson import Finding
from .marking import doubts_of, figure

FILE = Path(__file__).with_name("recorded.json")


@dataclass(frozen=True)
class Recorded:
    """The findings of all lessons by slug, with the day and the number of cores."""

    day: date
    cores: float
    findings: dict[str, Finding]

    @property
    def told(self) -> str:
        """The day and the machine of the runs, for a sentence."""
        return f"recorded on {self.day:%-d %B %Y} on {self.cores:g} cores"


_FORMAT = TypeAdapter(Recorded)


def read() -> Recorded:
    """Return the recorded runs."""
    return _FORMAT.validate_json(FILE.read_bytes())


class _Silent:
    """A receiver of progress that shows nothing."""

    def begins(self, service: str, what: str, repeat: int, seconds: float) -> None:
        """Ignore what begins."""

    def ended(self, step: Step) -> None:
        """Ignore what has ended."""

    def found(self, sentence: str) -> None:
        """Ignore what was found."""


def record() -> int:
    """Run all lessons, print what was measured, write the file if all runs are conclusive, and return the status."""
    signals.raise_interrupts()
    findings = {}
    inconclusive = False
    for number, lesson in enumerate(LESSONS, 1):
        with backing(lesson.experiment.needs) as behind:
            found = lesson.experiment.run(_Silent(), behind)
        findings[lesson.slug] = found
        doubts = doubts_of(lesson.question, found)
        inconclusive = inconclusive or bool(doubts)
        measured = "nothing" if found.measured is None else figure(found.measured)
        told = f"inconclusive: {'; '.join(doubts)}" if doubts else " ".join(found.beside)
        print(f"{number}. model {figure(lesson.question.answer)}, measured {measured} {lesson.question.unit}. {told}")
    if inconclusive:
        print(f"{FILE.name} was left as it is: record again on a quiet machine.")
        return 2
    whole = Recorded(datetime.now(UTC).date(), machine().cores, findings)
    atomic.write(FILE, _FORMAT.dump_json(whole, indent=1).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(record())
