"""Tests of the pages of two runs, of pairs, of a map, of a search and of stalls: their first screens and labels."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from loadtest.contenders.cores import Cores
from loadtest.report import write
from loadtest.results.schema import Pairing, Results, Step
from loadtest.results.waits import POINTS
from tests.browser.support.visits import Opens, Visit
from tests.loadtest.support.arrivals import open_run
from tests.loadtest.support.capacities import probe, searched
from tests.loadtest.support.fabricated import calibration, contender, options, results, step
from tests.loadtest.support.stalled import computing, finding, stalls, watched

pytestmark = pytest.mark.slow

NAMES = ("flask", "flask-threads", "aiohttp")
LOADS = (1, 10, 32, 100, 200)

WIDE, NARROW, SCREEN = 1280, 380, 720
"""Widths of a screen, and the height of a projector's, in CSS pixels."""

SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

DRAWN_WITHIN = 30_000
"""Milliseconds until all charts are drawn."""

LABELS = """() => {
  const found = [], range = document.createRange();
  for (const part of document.querySelectorAll("h1, .panels, .key, .chart svg")) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (!text.data.trim() || text.parentElement.closest("title, desc, .unseen")) continue;
      if (getComputedStyle(text.parentElement).opacity === "0") continue; // Vega hides what would overlap on an axis
      range.selectNodeContents(text);
      for (const { left, top, right, bottom } of range.getClientRects())
        found.push([text.data.trim(), left, top + scrollY, right, bottom + scrollY]);
    }
  }
  return found;
}"""
"""Returns the boxes of all labels, one for each line of a text."""

GLYPHS = 3
"""Pixels by which two lines of text may share their boxes: letters do not fill them."""


def steps(took: dict[str, float], repeats: int, **changes: object) -> list[Step]:
    """Return the steps of all services: each takes a share of its own of the predicted time."""
    found = []
    for name in NAMES:
        for users in LOADS:
            model = step(name, users).predicted
            assert model
            for repeat in range(1, repeats + 1):
                response = model.response * took.get(name, 1.0) * (1 + 0.01 * repeat)
                found.append(step(name, users, response, repeat=repeat, **changes))  # type: ignore[arg-type]
    return found


def two(repeats: int) -> tuple[Results, Results]:
    return results(steps({}, repeats)), results(steps({"flask-threads": 0.5, "aiohttp": 1.5}, repeats))


def doubtful() -> tuple[Results, Results]:
    return two(2)[0], results(steps({}, 2, doubts=["a doubt"]))


def paired() -> Results:
    run = results([each for each in steps({}, 6) if each.service != "flask"])
    pairings = [Pairing(before="flask-threads", after="aiohttp")]
    return run.model_copy(update={"options": options(loads=run.options.loads, pairings=pairings, repeats=6)})


def mapped() -> Results:
    """Return a run of two calibrated services on cores apart."""
    names = ("flask-threads", "aiohttp")
    run = results([step(name, users) for name in names for users in (1, 50)])
    known = [contender(name, calibration=calibration()) for name in names]
    return run.model_copy(update={"cores": Cores((0,), (1,)), "contenders": known})


def search() -> Results:
    tried = [probe(20.0, "passed", 0.001, 0.0, 0.005), probe(25.0, "failed", 0.2, 0.1, 0.3)]
    return searched(dict.fromkeys(NAMES, tried))


def four() -> Results:
    return results([step(name, users) for name in (*NAMES, "flask-gevent") for users in LOADS])


PAGES: dict[str, Callable[[Path], Path]] = {
    "two runs": lambda path: write.write_before_after(*two(3), path),
    "one repeat": lambda path: write.write_before_after(*two(1), path),
    "doubtful": lambda path: write.write_before_after(*doubtful(), path),
    "two open runs": lambda path: write.write_before_after(open_run(), open_run(), path),
    "four services": lambda path: write.write_comparison(four(), path),
    "arrivals": lambda path: write.write_comparison(open_run(), path),
    "pairs": lambda path: write.write_comparison(paired(), path),
    "map": lambda path: write.write_map(dict.fromkeys(POINTS, mapped()), path),
    "capacity": lambda path: write.write_comparison(search(), path),
    "stalls": lambda path: write.write_comparison(watched(stalls(findings=[finding(), computing()])), path),
}


@pytest.fixture(scope="module")
def shown(visit_for_all: Opens, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Visit]:
    """Return a function that opens a page, once for each width."""
    folder = tmp_path_factory.mktemp("pages")
    address = cache(lambda name: PAGES[name](folder / f"{name}.html").as_uri())

    @cache
    def visited(name: str, width: int, colours: Literal["light", "dark"]) -> Visit:
        found = visit_for_all(address(name), width=width, colours=colours)
        if found.page.locator("script[data-chart]").count():
            expect(found.page.locator("html")).to_have_attribute("data-drawn", "all", timeout=DRAWN_WITHIN)
        return found

    # the cache tells arguments that are left out from the same ones that are given
    return lambda name, width=WIDE, colours="light": visited(name, width, colours)


def boxes(visited: Visit) -> Iterator[tuple[str, float, float, float, float]]:
    """Yield the labels with their boxes; a copy of a label below it in the colour of the page is left out."""
    seen = set()
    for text, *box in visited.page.evaluate(LABELS):
        place = (text, round(box[0]), round(box[1]))
        if place not in seen:
            seen.add(place)
            yield text, box[0], box[1], box[2], box[3]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_each_screen_and_its_labels_do_not_overlap(shown: Callable[..., Visit], name: str) -> None:
    for width in (WIDE, NARROW):
        visited = shown(name, width)
        assert visited.errors == []
        assert visited.page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")
        found = list(boxes(visited))
        assert len(found) > 10
        overlapping = [
            (one[0], other[0])
            for one, other in combinations(found, 2)
            if min(one[3], other[3]) - max(one[1], other[1]) > 1
            and min(one[4], other[4]) - max(one[2], other[2]) > GLYPHS
        ]
        assert overlapping == []
        assert [text for text, left, _, right, _ in found if left < 0 or right > width] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_headline_and_what_it_is_about_are_on_the_first_screen(shown: Callable[..., Visit], name: str) -> None:
    page = shown(name).page
    first = [*page.locator("header .panel").all(), *page.locator(".picture.first .chart").all()]
    assert first
    for each in (page.locator("h1"), *first):
        box = each.bounding_box()
        assert box
        assert box["y"] + box["height"] <= SCREEN
    narrow = shown(name, NARROW).page.locator("header .panel, .picture.first .chart")
    tops = [box["y"] for each in narrow.all() if (box := each.bounding_box())]
    assert min(tops) < SCREEN / 2


@pytest.mark.parametrize("name", ["four services", "arrivals"])
def test_headline_and_panels_fit_every_first_screen(shown: Callable[..., Visit], name: str) -> None:
    for width in (WIDE, NARROW):
        page = shown(name, width).page
        for colours in SCHEMES:
            page.emulate_media(color_scheme=colours)
            ends = [
                box["y"] + box["height"]
                for each in page.locator("h1, header .panel").all()
                if (box := each.bounding_box())
            ]
            assert len(ends) == 1 + 3
            assert max(ends) <= SCREEN, (width, colours)
            assert ends == sorted(ends)  # the fewest users first


def test_one_repeat_says_before_any_bar_what_to_run(shown: Callable[..., Visit]) -> None:
    page = shown("one repeat").page
    expect(page.locator("h1")).to_contain_text("cannot be told: no step was measured twice")
    expect(page.locator("header .command")).to_have_text("sync-vs-async compare --repeats 6")
    expect(shown("two runs").page.locator("header .command")).to_have_count(0)


def test_what_is_inconclusive_is_hollow_and_in_brackets_in_light_and_dark(shown: Callable[..., Visit]) -> None:
    for colours in ("light", "dark"):
        page = shown("doubtful", WIDE, colours).page
        bars = page.locator("header .bar.after")
        expect(bars).to_have_count(3 * len(NAMES))
        for bar in bars.all():
            expect(bar).to_have_css("background-color", "rgba(0, 0, 0, 0)")
            expect(bar).to_have_css("border-top-style", "dashed")
        labels = page.locator("header .bar.after").locator("xpath=ancestor::tr/td[2]").all_inner_texts()
        assert all(label.startswith("(") and label.endswith(")") for label in labels)
        solid = page.locator("header .bar.before").first
        expect(solid).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
