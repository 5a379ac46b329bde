"""The slides of the workshop in a browser, as a projector of 1280 x 720 shows them."""

import re
from pathlib import Path
from typing import Any, Literal

import pytest

from loadtest.material import slides
from loadtest.material.runs import read
from loadtest.material.shown import Shown
from tests.browser.support.visits import Opens, Visit
from tests.support.colours import contrast, written

pytestmark = pytest.mark.workshop

SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
WIDTH, HEIGHT = 1280, 720
SMALLEST = 24
"""Pixels of the smallest letters that the last row can read."""

LEAST_CONTRAST = 4.5

TEXTS = """number => {
  Reveal.slide(number);
  const slide = Reveal.getCurrentSlide(), range = document.createRange(), found = [];
  const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, parent = text.parentElement;
    if (!text.data.trim() || parent.closest("title, desc, .notes")) continue;
    const style = getComputedStyle(parent), svg = parent.closest("svg");
    if (style.opacity === "0") continue; // Vega hides labels that would overlap
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    range.selectNodeContents(text);
    const pre = parent.closest("pre"), around = (pre ?? slide).getBoundingClientRect();
    for (const box of range.getClientRects())
      found.push({
        text: text.data.trim(), size: parseFloat(style.fontSize) * scale, colour: svg ? style.fill : style.color,
        left: box.left, right: box.right, top: box.top, bottom: box.bottom, edge: Math.min(around.right, innerWidth),
      });
  }
  return found;
}"""
"""Shows a slide, and returns each line of its text with its place, its size and its colour, in pixels of the screen."""

Line = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of the slides."""
    path = tmp_path_factory.mktemp("slides") / "slides.html"
    path.write_text(slides.html(slides.filled(slides.SOURCE.read_text(), Shown(read()))))
    return path.as_uri()


@pytest.fixture(scope="module", params=SCHEMES)
def visited(visit_for_all: Opens, built: str, request: pytest.FixtureRequest) -> Visit:
    """Return the slides on a projector, light or dark."""
    visited = visit_for_all(built, width=WIDTH, colours=request.param)
    visited.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    visited.page.wait_for_function("Reveal.isReady() && Reveal.getScale() === 1")
    return visited


@pytest.fixture(scope="module")
def shown(visited: Visit) -> list[list[Line]]:
    """Return the lines of text of each slide."""
    total = visited.page.evaluate("Reveal.getTotalSlides()")
    assert total == len(re.findall(r"^# ", slides.SOURCE.read_text(), re.MULTILINE))
    return [visited.page.evaluate(TEXTS, number) for number in range(total)]


def test_the_slides_ask_for_nothing_but_their_file(visited: Visit, built: str) -> None:
    assert {url.partition("#")[0] for url in visited.requests} == {built}
    assert (visited.errors, visited.warnings) == ([], [])


def test_no_text_of_a_slide_is_cut_off_at_1280_x_720(shown: list[list[Line]]) -> None:
    assert all(shown)
    cut = [
        line["text"]
        for lines in shown
        for line in lines
        if line["left"] < 0 or line["top"] < 0 or line["right"] > line["edge"] or line["bottom"] > HEIGHT
    ]
    assert cut == []


def test_the_smallest_letters_can_be_read_from_the_last_row(shown: list[list[Line]]) -> None:
    assert [(line["text"], line["size"]) for lines in shown for line in lines if line["size"] < SMALLEST] == []


def test_all_text_stands_out_from_the_slide(visited: Visit, shown: list[list[Line]]) -> None:
    ground = written(visited.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    colours = {line["colour"]: line["text"] for lines in shown for line in lines}
    assert [text for colour, text in colours.items() if contrast(written(colour), ground) < LEAST_CONTRAST] == []


def test_the_slides_are_light_or_dark_as_the_reader_prefers(visit_for_all: Opens, built: str) -> None:
    grounds = [
        written(visit_for_all(built, colours=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for scheme in SCHEMES
    ]
    assert contrast(*grounds) > LEAST_CONTRAST


def test_without_the_packages_of_the_workshop_it_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slides, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match="make install-workshop"):
        slides.html("# A slide")


def test_what_is_written_is_what_the_browser_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slides, "SLIDES", tmp_path / "slides.html")
    path, _ = slides.build()
    assert path.read_text().startswith("<!DOCTYPE html>")
