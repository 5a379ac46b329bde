"""The file in a learner's own folder that lists what is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, NonNegativeInt, TypeAdapter, ValidationError

from loadtest.results import atomic

FILE = "done.json"


@dataclass(frozen=True)
class Done:
    """The lessons, by slug, whose question was answered right, and whose task was repaired.

    `hints`: the number of hints that were shown, by slug.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")  # another program's file must not be overwritten

    answered: frozenset[str] = field(default_factory=frozenset)
    repaired: frozenset[str] = field(default_factory=frozenset)
    hints: Mapping[str, NonNegativeInt] = field(default_factory=dict)

    def answering(self, slug: str) -> "Done":
        """Return a copy in which the question of a lesson was answered right."""
        return replace(self, answered=self.answered | {slug})

    def repairing(self, slug: str) -> "Done":
        """Return a copy in which the task of a lesson is repaired."""
        return replace(self, repaired=self.repaired | {slug})

    def hinting(self, slug: str) -> "Done":
        """Return a copy in which one more hint of a lesson was shown."""
        return replace(self, hints={**self.hints, slug: self.hints.get(slug, 0) + 1})


_FORMAT = TypeAdapter(Done)


def read(folder: Path) -> Done:
    """Return what the file in `folder` says; nothing is done if there is no file.

    Raises:
        ValueError: if the file is not such a file; the message is one sentence.

    """
    path = folder / FILE
    try:
        return _FORMAT.validate_json(path.read_bytes())
    except FileNotFoundError:
        return Done()
    except (OSError, ValidationError):
        raise ValueError(f"{path} is not a list of lessons that are done; delete it to begin anew.") from None


def write(folder: Path, done: Done) -> None:
    """Write the file in `folder`, which is made if it is missing.

    Raises:
        ValueError: if it cannot be written; the message is one sentence.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(folder / FILE, _FORMAT.dump_json(done, indent=1).decode() + "\n")
    except OSError as error:
        raise ValueError(f"{folder / FILE} cannot be written: {error.strerror}.") from None
