"""The knees of predicted lines: a tick on each line, and above the plot one label for all that are close together."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import altair as alt

from loadtest.english import listed

from .picture import data
from .theme import INK, MUTED

ROW = 16
"""Height in pixels of a row of labels."""

CLOSE = 0.03
"""Knees that are no further apart than this share of the axis have one label."""

LETTER, NARROW = 6.6, 170
"""Width in pixels of a letter, and of the plot on a phone: labels that do not overlap there overlap nowhere."""


ROOM = 1.6
"""The right end of the room for labels, in widths of the plot: beside it are the names of the lines."""


class Knee(NamedTuple):
    """The knee of a service, or its last load before a deadlock: users, throughput there, and the words before them."""

    service: str
    users: float
    rate: float
    word: str = "knee"


class Label(NamedTuple):
    """The label of knees that are close together, and its row; the lowest one is 0."""

    text: str
    knees: list[Knee]
    row: int


def labels(knees: Sequence[Knee], place: Callable[[float], float]) -> list[Label]:
    """Return the labels from right to left. `place`: where on the axis a number of users is, from 0 to 1.

    A label begins at its knee. If it reaches a knee further right, its row is above that knee's, so that neither the
    label there nor the rule below it is in the way.
    """
    found: list[Label] = []
    for group in sorted(_groups(knees, place), key=lambda group: -group[0].users):
        left = place(group[0].users)
        text = next((text for text in _texts(group) if left + _width(text) <= ROOM), _texts(group)[-1])
        reach = left + _width(text)
        found.append(Label(text, group, max((each.row + 1 for each in found if _left(each, place) < reach), default=0)))
    return found


def _left(label: Label, place: Callable[[float], float]) -> float:
    return place(label.knees[0].users)


def _groups(knees: Sequence[Knee], place: Callable[[float], float]) -> list[list[Knee]]:
    groups: list[list[Knee]] = []
    for knee in sorted(knees, key=lambda each: (each.word, each.users)):
        first = groups[-1][0] if groups else None
        if first and first.word == knee.word and place(knee.users) - place(first.users) <= CLOSE:
            groups[-1].append(knee)
        else:
            groups.append([knee])
    return groups


def _texts(group: list[Knee]) -> list[str]:
    """Return the label of close knees with and without the names of their services."""
    low, high = (f"{users:.0f}" for users in (group[0].users, group[-1].users))
    at = f"{group[0].word} {low}" if low == high else f"{group[0].word} {low} to {high}"
    return [f"{', '.join(knee.service for knee in group)}: {at}", at]


def _width(text: str) -> float:
    """Return the width of a text as a share of the plot on a phone."""
    return len(text) * LETTER / NARROW


def layers(
    found: Sequence[Label], x: alt.X, y: alt.Y, above: Callable[[int], float]
) -> tuple[list[alt.Chart], list[alt.Chart]]:
    """Return the layers below the lines, labels with a rule to the lowest line, and those above, a tick on each line.

    `above`: the place of a row on the axis `y`.
    """
    if not found:
        return [], []
    heads = [
        {
            "users": label.knees[0].users,
            "rate": min(knee.rate for knee in label.knees),
            "above": above(label.row),
            "knee": label.text,
            "services": listed([knee.service for knee in label.knees]),
        }
        for label in found
    ]
    ticks = [{"users": knee.users, "rate": knee.rate, "service": knee.service} for each in found for knee in each.knees]
    label = alt.Chart(data(heads)).encode(x=x, tooltip=["knee:N", "services:N"])
    tick = alt.Chart(data(ticks)).mark_point(shape="stroke", angle=90, size=200, stroke=INK, strokeWidth=2.5, opacity=1)
    under = [
        label.mark_rule(stroke=MUTED, strokeWidth=1, strokeDash=[2, 3]).encode(y=y, y2=alt.Y2("above:Q")),
        label.mark_text(align="left", dx=4, fill=INK).encode(y=alt.Y("above:Q"), text="knee:N"),
    ]
    return under, [tick.encode(x=x, y=y)]
