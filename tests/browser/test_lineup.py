"""Tests of the line-up report in a browser: marks, colours and screen sizes."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from loadtest.contenders.service import lineup
from loadtest.report import write
from loadtest.results.schema import Results
from loadtest.results.suite import DELAY
from loadtest.verdict.lineup import CAUTION
from tests.browser.support.visits import Opens, Visit
from tests.loadtest.support.fabricated import lineup_of

pytestmark = pytest.mark.slow

NAMES = [*lineup(2)]

SORTED = [*NAMES[5:], "flask-threads", "django", "pyramid", "flask", "flask-async"]
"""By kind, then by throughput at 200 users."""

FIGURES = ("controls-1", "controls-2")

PREDICTED = ("controls-2",)
"""Figures with predictions; the model does not predict framework overhead."""

WIDE, NARROW = 1280, 380
"""Widths of a screen, in CSS pixels."""

SCREEN = 720
"""The height of a projector's screen, in CSS pixels."""

DRAWN_WITHIN = 30_000
"""Milliseconds until all charts are drawn."""


def fabricated() -> dict[str, Results]:
    """Return a line-up that matches the model, with one inconclusive step."""
    whole = lineup_of()
    steps = [
        each.model_copy(update={"doubts": ["a doubt"]}) if (each.service, each.load.amount) == ("sanic", 200) else each
        for each in whole[DELAY].steps
    ]
    return {**whole, DELAY: whole[DELAY].model_copy(update={"steps": steps})}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = write.write_lineup(fabricated(), tmp_path_factory.mktemp("lineup") / "lineup.html")
    return path.as_uri()


def drawn(visited: Visit) -> Page:
    """Wait until the scripts have drawn all charts, and return the page."""
    expect(visited.page.locator("html")).to_have_attribute("data-drawn", "all", timeout=DRAWN_WITHIN)
    return visited.page


@pytest.fixture(scope="module")
def shown(visit_for_all: Opens, address: str) -> Callable[..., Visit]:
    """Return a function that opens the page, once for each width, with or without scripts."""

    @cache
    def visited(*, width: int = WIDE, javascript: bool = True) -> Visit:
        found = visit_for_all(address, width=width, javascript=javascript)
        if javascript:
            drawn(found)
        return found

    return visited


def marks(page: Page, chart: str, kind: str) -> Locator:
    """Return the marks of one kind in a chart; bars and ticks are both rectangles."""
    return page.locator(f"#{chart} g.mark-{kind}.role-mark > *")


def test_the_page_opens_from_a_file_asks_for_nothing_else_and_has_no_errors(
    shown: Callable[..., Visit], address: str
) -> None:
    visited = shown()
    assert visited.requests == [address]
    assert visited.errors == []


def test_every_figure_has_a_bar_of_each_service_and_what_was_predicted_of_it(shown: Callable[..., Visit]) -> None:
    page = shown().page
    for name in FIGURES:
        ticks = len(NAMES) if name in PREDICTED else 0
        expect(marks(page, name, "rect")).to_have_count(len(NAMES) + ticks)
        expect(page.locator(f"#{name} .role-axis-label text")).to_contain_text(
            ["non-blocking", *SORTED[:6], "blocking", *SORTED[6:]]
        )


def test_an_inconclusive_bar_is_hollow_and_its_figure_in_brackets(shown: Callable[..., Visit]) -> None:
    page = shown().page
    for place, (figures, ticks) in enumerate((([], 11), ([], 11), (["(2,000)"], 11)), 1):
        panel = page.locator(f".panel:nth-child({place})")
        expect(panel.locator(".bar")).to_have_count(len(NAMES))
        expect(panel.locator(".tick")).to_have_count(ticks)
        grounds = panel.locator(".bar.unsure").evaluate_all(
            "all => all.map(each => getComputedStyle(each).backgroundColor)"
        )
        assert grounds == ["rgba(0, 0, 0, 0)"] * len(figures)
        assert [
            each for each in panel.locator(".value span:first-child").all_inner_texts() if each.startswith("(")
        ] == figures


@pytest.mark.parametrize("javascript", [True, False])
def test_the_caution_stands_before_every_figure(shown: Callable[..., Visit], javascript: bool) -> None:
    page = shown(javascript=javascript).page
    caution = page.get_by_text(CAUTION)
    expect(caution).to_be_visible()
    box, first = caution.bounding_box(), page.locator(".panel").first.bounding_box()
    assert box
    assert first
    assert box["y"] + box["height"] < first["y"]


def test_without_scripts_every_figure_is_there_and_the_table_as_well(shown: Callable[..., Visit]) -> None:
    page = shown(javascript=False).page
    for name in FIGURES:
        expect(page.locator(f"#{name} svg")).to_be_visible()
    for table in page.locator("table").all():
        rows = table.locator("tr:has(td)").evaluate_all("rows => rows.map(row => row.cells[0].textContent)")
        assert rows == SORTED


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("javascript", [True, False])
def test_the_page_fits_every_screen_in_light_and_dark(
    shown: Callable[..., Visit], width: int, colours: Literal["light", "dark"], javascript: bool
) -> None:
    page = shown(width=width, javascript=javascript).page
    page.emulate_media(color_scheme=colours)
    assert page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")
    ground, ink = page.locator("body").evaluate(
        "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"
    )
    assert (brightness(ground) > brightness(ink)) == (colours == "light")
    boxes = [each.bounding_box() for each in page.locator(".panel").all()]
    tops = {round(box["y"]) for box in boxes if box}
    assert len(boxes) == 3
    assert len(tops) == (1 if width == WIDE else len(boxes))  # side by side on a wide screen


def test_the_headline_and_all_panels_are_on_the_first_screen(shown: Callable[..., Visit]) -> None:
    page = shown().page
    for each in (page.locator("h1"), *page.locator(".panel").all()):
        box = each.bounding_box()
        assert box
        assert box["y"] + box["height"] <= SCREEN


def test_the_whole_table_is_seen_and_on_a_narrow_screen_each_row_is_a_card_that_names_its_cells(
    shown: Callable[..., Visit],
) -> None:
    for width in (WIDE, NARROW):
        page = shown(width=width).page
        table = page.locator(".wide table")
        assert table.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
        cells = table.locator("tr:has(th:text-is('django')) td").evaluate_all(
            "cells => cells.map(cell => [getComputedStyle(cell, '::before').content, cell.textContent])"
        )
        named = ['"200 users: "', "640"]
        assert (named in cells) == (width == NARROW)
        assert ["none", "640"] in cells or width == NARROW


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)[:3]))
