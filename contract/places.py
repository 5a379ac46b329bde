"""A place for a request that waits."""

from types import TracebackType


class Place:
    """A context manager: whoever enters it takes a place, and gives it back on exit. Of these there is no end."""

    def __enter__(self) -> None:
        """Take a place; a Problem (503) where none is left."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None, /
    ) -> None:
        """Give the place back."""

    def keep(self) -> None:
        """Keep a place that has been taken beyond its context: it takes one more exit to give it back."""
