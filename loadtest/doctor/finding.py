"""The result of one check."""

from typing import Literal, NamedTuple

State = Literal["fine", "note", "mend"]


class Finding(NamedTuple):
    """The state of one part of the machine, and the fact or the sentence that explains it.

    `fine`: nothing to do. `note`: everything works, but not as people may expect. `mend`: part of the workshop fails
    or measures badly, and the sentence has the command that helps.
    """

    state: State
    text: str


def fine(text: str) -> Finding:
    """Return a finding for a part that needs nothing."""
    return Finding("fine", text)


def note(text: str) -> Finding:
    """Return a finding that people should know, and that keeps nothing from working."""
    return Finding("note", text)


def mend(text: str) -> Finding:
    """Return a finding that keeps a part of the workshop from working."""
    return Finding("mend", text)
