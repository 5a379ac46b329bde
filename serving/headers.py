"""The request headers of frameworks that return only the first line of a header."""

from collections.abc import Callable, Sequence


class Headers:
    """Request headers in which the lines of one header are one list, as in WSGI (RFC 9110, section 5.3)."""

    def __init__(self, lines: Callable[[str], Sequence[str]]) -> None:
        """Create headers from the framework's function that returns all lines of a header."""
        self._lines = lines

    def get(self, name: str, default: str, /) -> str:
        """Return the value of a header, or `default`. The case of `name` does not matter."""
        lines = self._lines(name)
        return ", ".join(lines) if lines else default
