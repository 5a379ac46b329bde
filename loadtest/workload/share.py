"""The share of a load that one of several load generators sends."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge


@dataclass(frozen=True)
class Share:
    """The share of the load generator number `place`, from 0, of `of` load generators."""

    place: Annotated[int, Ge(0)] = 0
    of: Annotated[int, Ge(1)] = 1

    def within(self, most: int) -> "Share | None":
        """Return the share if at most `most` load generators can send anything; None if this one cannot."""
        of = min(self.of, most)
        return Share(self.place, of) if self.place < of else None

    def number(self, own: int) -> int:
        """Return the number, among those of all generators, of this generator's number `own`, from 0."""
        return self.place + self.of * own

    def begin(self, length: int) -> int:
        """Return where in a sequence of `length` entries, which is gone through again and again, to begin."""
        return length * self.place // self.of

    def part(self, whole: int) -> int:
        """Return this generator's part of `whole` units, such as users: parts differ by at most one."""
        return (whole - self.place + self.of - 1) // self.of


WHOLE = Share()
"""The share of a load generator that sends all of a load."""
