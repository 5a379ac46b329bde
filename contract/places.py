"""A place for a request that waits."""

from types import TracebackType
from typing import Protocol


class Place(Protocol):
    """A context manager: whoever enters it takes a place, and gives it back on exit."""

    def __enter__(self) -> None:
        """Take a place; a Problem (503) where none is left."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None, /
    ) -> None:
        """Give the place back."""

    def keep(self) -> None:
        """Keep a place that has been taken beyond its context: it takes one more exit to give it back."""


class NoPlace:
    """For those whose wait takes none."""

    def __enter__(self) -> None:
        """Take none."""

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Give none back."""

    def keep(self) -> None:
        """Keep none."""
