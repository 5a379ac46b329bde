"""Counts, lists and times in words, for use in a sentence."""

from collections.abc import Sequence


def count(n: float, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 core`, `2 cores`. `plural` is the plural if it is not the noun with an s."""
    return f"{n} {plural_of(n, noun, plural)}"


def plural_of(n: float, noun: str, plural: str = "") -> str:
    """Return the noun alone: singular if `n` is 1, else plural."""
    return noun if n == 1 else plural or f"{noun}s"


def listed(names: Sequence[str]) -> str:
    """Return the names as a list in words: `a`, `a and b`, `a, b and c`."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def listed_or_counted(names: Sequence[str], noun: str, most: int = 4) -> str:
    """Return the names as a list in words, or their number with the noun if they are more than `most`."""
    return listed(names) if len(names) <= most else count(len(names), noun)


def duration(milliseconds: float) -> str:
    """Return a time in seconds if it is one second or longer, else in milliseconds, below 10 ms with two decimals."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2f} ms"


def limited(text: str, most: int) -> str:
    """Return a text, without its beginning if it has more than `most` letters."""
    return text if len(text) <= most else f"…{text[len(text) - most + 1 :]}"
