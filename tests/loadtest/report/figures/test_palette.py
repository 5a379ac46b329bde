"""Tests of the report's colours, on the light and the dark page, also for readers who see fewer colours."""

import re
from importlib.resources import files
from itertools import combinations

import pytest

from loadtest.contenders.service import CORE
from loadtest.report.figures import strips, theme
from tests.support.colours import VISIONS, contrast, distance

DISTINCT = 0.1
"""The smallest distance of two colours that tell marks apart: five times what is just noticeable."""

MARK, TEXT = 3.0, 4.5
"""Minimum contrasts of marks and of text (WCAG 2.2, 1.4.11 and 1.4.3)."""

CSS = (files("loadtest.report") / "report.css").read_text(encoding="utf-8")


def variables(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))


LIGHT = variables(CSS[: CSS.index("@media")])
DARK = LIGHT | variables(CSS[CSS.index("@media") : CSS.index("* {")])
GROUNDS = {"light": LIGHT["paper"], "dark": DARK["paper"]}

SERVICES = {name: theme.colour_of([*CORE], name) for name in CORE}

KINDS = ("worker", "wait", "work")
"""The kinds of a request's time, as the style sheet names them."""

FAMILIES = {
    "services": (SERVICES, SERVICES),
    "kinds of services": (theme.KIND_COLOURS, theme.KIND_COLOURS),
    "kinds of time": tuple({kind: page[kind] for kind in KINDS} for page in (LIGHT, DARK)),
}
"""Colours that tell marks of one chart apart, on the light and on the dark page."""


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("vision", VISIONS)
def test_colours_that_tell_marks_apart_differ_for_everybody(family: str, vision: str) -> None:
    for colours in FAMILIES[family]:
        for one, other in combinations(colours, 2):
            assert distance(colours[one], colours[other], vision) >= DISTINCT, (one, other)


@pytest.mark.parametrize("vision", VISIONS)
def test_the_strips_of_loops_tell_lines_from_what_is_no_finding_for_everybody(vision: str) -> None:
    assert f'.chart [fill="{strips.IDLE}"] {{ fill: var(--more); }}' in CSS
    for page in (LIGHT, DARK):
        near = [distance(page["more"], each, vision) for each in (*strips.OWN_COLOURS, page["ink"], page["paper"])]
        assert round(min(near), 2) >= DISTINCT


def test_every_mark_stands_out_from_its_ground() -> None:
    for place, ground in enumerate(GROUNDS.values()):
        marks = [*theme.COLOURS, *(colour for family in FAMILIES.values() for colour in family[place].values())]
        assert {colour: contrast(colour, ground) for colour in marks if contrast(colour, ground) < MARK} == {}


def test_every_text_can_be_read_on_every_ground_that_it_has() -> None:
    for page in (LIGHT, DARK):
        grounds = {name: page[name] for name in ("paper", "panel", "warn", "little-more")}  # the last is SHADE
        for text in ("ink", "muted", "link"):
            for name, ground in grounds.items():
                if text != "link" or name in ("paper", "panel"):
                    assert contrast(page[text], ground) >= TEXT, (text, name)


def test_the_style_sheet_replaces_the_colours_that_charts_have() -> None:
    for name, colour in (("ink", theme.INK), ("muted", theme.MUTED), ("paper", theme.PAPER), ("faint", theme.FAINT)):
        assert LIGHT[name] == colour
        assert DARK[name] != colour
        kinds = [
            kind for kind in ("fill", "stroke") if f'.chart [{kind}="{colour}"] {{ {kind}: var(--{name}); }}' in CSS
        ]
        assert kinds


def test_bars_of_a_page_have_the_colours_of_its_charts() -> None:
    for kind, colour in theme.KIND_COLOURS.items():
        assert LIGHT[kind] == DARK[kind] == colour


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#1d2126", "#1d2126", 1)]
)
def test_contrast_is_that_of_the_standard(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.01)


def test_red_and_green_are_alike_for_those_who_lack_a_cone_for_them() -> None:
    red, green = "#c05a4a", "#8a7a35"
    near, far = (distance(red, green, vision) for vision in ("deuteranopia", "all colours"))
    assert near < 0.5 * far
    assert distance("#000000", "#ffffff", "all colours") == pytest.approx(1, abs=0.001)
