"""Tests of the kinds of time: one colour on the page and in the charts, and the key that names them."""

import re
from pathlib import Path

from loadtest import report
from loadtest.report.figures import kinds
from tests.support.colours import contrast

STYLE = (Path(report.__file__).parent / "report.css").read_text(encoding="utf-8")


def test_the_style_sheet_replaces_the_colour_of_each_kind() -> None:
    assert {*kinds.COLOURS} == {*kinds.KINDS}
    for kind, colour in kinds.COLOURS.items():
        light, _dark = re.findall(rf"--{kind}: (#\w{{6}});", STYLE)
        assert light == colour
        assert f'.chart [fill="{colour}"], .{kind}-mark {{ fill: var(--{kind}); }}' in STYLE


def test_two_kinds_that_touch_differ_in_brightness_too() -> None:
    for one, other in zip(kinds.KINDS, kinds.KINDS[1:], strict=False):
        for colours in zip(*(re.findall(rf"--{kind}: (#\w{{6}});", STYLE) for kind in (one, other)), strict=True):
            assert contrast(*colours) >= 1.4, (one, other)


def test_the_key_names_the_kinds_that_are_drawn_in_their_order() -> None:
    assert kinds.key("delay", ["work", "worker", "failed"]) == {"worker": "waiting for a worker", "work": "working"}
