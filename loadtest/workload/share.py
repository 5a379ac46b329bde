"""The share of a load that one of several load generators sends."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Annotated

from annotated_types import Ge


@dataclass(frozen=True)
class Share:
    """The share of the load generator number `place`, from 0, of `of` load generators."""

    place: Annotated[int, Ge(0)] = 0
    of: Annotated[int, Ge(1)] = 1

    def numbers(self) -> Iterator[int]:
        """Yield this generator's part of the numbers 0, 1, 2...: no two generators have one in common."""
        return count(self.place, self.of)

    def part(self, whole: int) -> int:
        """Return this generator's part of `whole` units, such as users: parts differ by at most one."""
        return (whole - self.place + self.of - 1) // self.of


WHOLE = Share()
"""The share of a load generator that sends all of a load."""
