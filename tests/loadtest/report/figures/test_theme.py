"""Tests of the look of services: unique in the line-up, and always the same."""

import json

import pytest

from loadtest.contenders.service import CORE, lineup
from loadtest.report.figures import theme

NAMES = [*lineup(2)]

STRANGERS = ["mine", "theirs", "another"]


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


def test_the_core_services_have_the_first_colours_markers_and_dashes() -> None:
    assert looks(list(CORE)) == {
        "flask": ("#ac4540", "square", "[1, 0]"),
        "flask-threads": ("#be850e", "triangle-up", "[8, 3]"),
        "flask-gevent": ("#1aa09e", "diamond", "[3, 3]"),
        "aiohttp": ("#525ec5", "circle", "[1, 3]"),
    }
