"""Counts, lists and times as a sentence has them."""

from collections.abc import Sequence


def count(n: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 core`, `2 cores`; `plural` where an s does not make it."""
    return f"{n} {plural_of(n, noun, plural)}"


def plural_of(n: int, noun: str, plural: str = "") -> str:
    """Return the noun alone, in the number that `n` of it take."""
    return noun if n == 1 else plural or f"{noun}s"


def listed(names: Sequence[str]) -> str:
    """Return names with commas and an `and`."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def duration(milliseconds: float) -> str:
    """Return a time in milliseconds, or from one second on in seconds."""
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"
