"""Join the doubts of several windows or steps, so that a reason that repeats is stated once."""

import re
from collections.abc import Iterable

OTHER_MACHINES = "other virtual machines"
QUOTA = "a CPU quota"
SATURATED = "the machine was saturated"
FULL = "the cores of everything but the service were full"
GENERATOR_FULL = "the load generator was"
UNLIKE = "the repeats disagree"
UNSTEADY = "not steady"
OFF = "throughput is"
"""Beginnings of doubts, by which `cause` tells what many steps have in common; those on NEIGHBOURS begin with that."""

FIGURE = re.compile(r"(?<![\w.-])(?<!generator )\d+(?:\.\d+)?(?: to \d+(?:\.\d+)?)?")
"""A figure in a doubt, or a range of figures; not the number of a load generator, nor a digit in a name."""


def together(doubts: Iterable[str]) -> list[str]:
    """Return the doubts without repetition. Those that differ only in their figures become one, with their ranges."""
    alike: dict[str, list[str]] = {}
    for doubt in doubts:
        alike.setdefault(shape(doubt), []).append(doubt)
    return [_range(each) for each in alike.values()]


def shape(doubt: str) -> str:
    """Return a doubt without its figures, or itself if it states a range: a range of ranges would be unreadable."""
    shape = FIGURE.sub("0", doubt)
    return doubt if " to " in shape else shape


def _range(doubts: list[str]) -> str:
    """Return doubts of one shape as one, in which each figure that differs is a range such as `93 to 97`."""
    columns = zip(*(FIGURE.findall(doubt) for doubt in doubts), strict=True)
    spans = [[end for figure in column for end in figure.split(" to ")] for column in columns]
    ranges = iter([(min(ends, key=float), max(ends, key=float)) for ends in spans])
    return FIGURE.sub(lambda _: " to ".join(dict.fromkeys(next(ranges))), doubts[0])
