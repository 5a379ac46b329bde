"""The base class for the places of waiting requests."""

from types import TracebackType


class Place:
    """A place for a waiting request while the context is open. Unlimited; a limited subclass raises Problem (503)."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None, /
    ) -> None:
        pass

    def keep(self) -> None:
        """Keep a taken place beyond its context: one more exit is needed to free it."""
