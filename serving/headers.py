"""The request headers of frameworks that return only the first line of a header."""

from collections.abc import Callable, Sequence


class Headers:
    """Request headers in which the lines of one header are one list, as in WSGI (RFC 9110, section 5.3)."""

    __slots__ = ("_first", "_lines")

    def __init__(self, first: Callable[[str], str | None], lines: Callable[[str], Sequence[str]]) -> None:
        """Create headers from the framework's functions that return the first line and all lines of a header."""
        self._first = first
        self._lines = lines

    def get(self, name: str, default: str, /) -> str:
        """Return the value of a header, or `default`. The case of `name` does not matter."""
        if self._first(name) is None:  # the usual case, and the cheaper question
            return default
        return ", ".join(self._lines(name))
