"""Numbers as people type them: with a decimal comma or a point, on a keyboard or on a telephone."""

import re

MOST = 1_000_000
"""The largest number that can be predicted."""

NUMBER = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{1,6})?")

THOUSANDS = re.compile(r"[0-9]{1,3},[0-9]{3}")
"""A text that is one number where a comma is a decimal point, and another where it divides thousands."""

UNITS = {"/s": ("/s", 1), "answers/s": ("/s", 1), "s": ("time", 1000), "ms": ("time", 1), "threads": ("threads", 1)}
"""The kind of each unit, and its size among units of that kind."""


def prediction(text: str) -> float:
    """Return the number that a person has typed. Raises ValueError, in one sentence, if it is none from 0 to MOST."""
    text = text.strip()
    if THOUSANDS.fullmatch(text):
        raise ValueError(f"Write {text.replace(',', '')} without a comma, or {text.replace(',', '.')} with a point.")
    number = float(text.replace(",", ".")) if NUMBER.fullmatch(text) else -1.0
    if not 0 <= number <= MOST:
        raise ValueError(f"A prediction is a number from 0 to {MOST:,}, such as 20 or 2.5.")
    return number


def in_unit(text: str, unit: str) -> float:
    """Return the number that a person has typed, in `unit`; the text may name that or another unit of its kind.

    Raises ValueError, in one sentence, as `prediction` does, and if the text has a unit of another kind.
    """
    parts = re.fullmatch(r"\s*([0-9.,]+)\s*([a-z/]+)\s*", text)
    if parts is None:
        return prediction(text)
    (kind, size), (typed, times) = UNITS[unit], UNITS.get(parts[2], ("", 1))
    if typed != kind:
        raise ValueError(f"The answer is a number of {unit}; got {text.strip()!r}.")
    return prediction(parts[1]) * times / size
