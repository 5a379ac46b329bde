"""Recorded runs of the lessons, for a machine that is too busy for a run of its own.

`python -m loadtest.lessons.recorded [NUMBER...]` records them anew, all or those with these numbers.
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
    """The finding of a run, with its day and the number of cores."""

    day: date
    cores: float
    finding: Finding

    @property
    def told(self) -> str:
        """The day and the machine of the run, for a sentence."""
        return f"recorded on {self.day.day} {self.day:%B %Y} on {self.cores:g} cores"


_FORMAT = TypeAdapter(dict[str, Recorded])


def read() -> dict[str, Recorded]:
    """Return the recorded runs by the slug of their lesson; those that were inconclusive are missing."""
    return _FORMAT.validate_json(FILE.read_bytes()) if FILE.exists() else {}


class _Silent:
    """A receiver of progress that shows nothing."""

    def begins(self, service: str, what: str, repeat: int, seconds: float) -> None:
        """Ignore what begins."""

    def ended(self, step: Step) -> None:
        """Ignore what has ended."""

    def found(self, sentence: str) -> None:
        """Ignore what was found."""


def record(numbers: list[int]) -> int:
    """Run these lessons, print what was measured, keep the conclusive runs, and return the exit status."""
    signals.raise_interrupts()
    kept = read()
    inconclusive = 0
    for number in numbers:
        lesson = LESSONS[number - 1]
        with backing(lesson.experiment.needs) as behind:
            found = lesson.experiment.run(_Silent(), behind)
        if doubts := doubts_of(lesson.question, found):
            inconclusive += 1
            told = f"inconclusive, so not kept: {'; '.join(doubts)}"
        else:
            kept[lesson.slug] = Recorded(datetime.now(UTC).date(), machine().cores, found)
            told = " ".join(found.beside)
        measured = "nothing" if found.measured is None else figure(found.measured)
        print(f"{number}. model {figure(lesson.question.answer)}, measured {measured} {lesson.question.unit}. {told}")
        atomic.write(FILE, _FORMAT.dump_json(kept, indent=1).decode() + "\n")
    return 2 if inconclusive else 0


if __name__ == "__main__":
    sys.exit(record([int(each) for each in sys.argv[1:]] or [*range(1, len(LESSONS) + 1)]))
