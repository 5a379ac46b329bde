"""Tests of the look of services: unique in the line-up, and always the same."""

import json

import pytest

from loadtest.contenders.service import CORE, lineup
from loadtest.report.figures import theme

NAMES = [*lineup(2)]

STRANGERS = ["mine", "theirs", "another"]

READABLE = 3.0
"""Minimum contrast of a graphical object (WCAG 2.2, 1.4.11)."""

GROUNDS = ("#ffffff", "#14171a")
"""Backgrounds of the light and the dark page."""


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def looks(names: list[str]) -> dict[str, tuple[object, object, str]]:
    """Return the colour, marker and dash of each service."""
    colours, shapes = (
        json.loads(channel.to_json())["scale"]["range"] for channel in (theme.colour(names), theme.shape(names))
    )
    return dict(zip(names, zip(colours, shapes, map(str, theme.dashes(names)), strict=True), strict=True))


@pytest.mark.parametrize("names", [NAMES, [*NAMES, *STRANGERS]], ids=["the line-up", "and others"])
def test_no_two_services_have_a_colour_a_marker_or_a_dash_in_common(names: list[str]) -> None:
    found = looks(names)
    for part in range(3):
        assert len({look[part] for look in found.values()}) == len(names)


def test_a_service_looks_the_same_in_whatever_company() -> None:
    for name in NAMES:
        assert looks([name, "mine"])[name] == looks(NAMES)[name]


def test_the_core_services_look_as_they_always_did() -> None:
    assert looks(list(CORE)) == {
        "flask": ("#d55e00", "square", "[1, 0]"),
        "flask-threads": ("#a87400", "triangle-up", "[8, 3]"),
        "flask-gevent": ("#00875f", "diamond", "[3, 3]"),
        "aiohttp": ("#0072b2", "circle", "[1, 3]"),
    }


@pytest.mark.parametrize("colour", [*theme.COLOURS, *theme.KIND_COLOURS.values()])
@pytest.mark.parametrize("ground", GROUNDS)
def test_every_colour_can_be_seen_in_light_and_dark(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= READABLE
