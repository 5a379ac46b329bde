"""Tests of the pictures of requests in a browser: labels apart and inside, colours to be told apart, no warning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from loadtest.report import write
from loadtest.results.schema import Results
from tests.browser.support.visits import Opens
from tests.loadtest.support.fabricated import results, step, stuck

pytestmark = pytest.mark.slow

FOUR = ("flask", "flask-threads", "flask-gevent", "aiohttp")

MANY = (*FOUR, "flask-threads:threads=8,pool-size=5", "django", "fastapi", "sanic", "starlette", "tornado", "pyramid")

PICTURES = ("latency", "swimlane", "whereabouts")

DRAWN_WITHIN = 60_000
"""Milliseconds until all charts are drawn."""

OVERLAPS = """chart => {
  const boxes = [...chart.querySelectorAll("text")]
    .filter(text => text.textContent && getComputedStyle(text).opacity !== "0")
    .map(text => ({ says: text.textContent, box: text.getBoundingClientRect() }))
    .filter(({ box }) => box.width);
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;  // a box is higher than its letters
  return [
    ...boxes.filter(({ box }) => box.right > innerWidth + 1 || box.left < -1).map(({ says }) => `outside: ${says}`),
    ...boxes.flatMap((one, n) => boxes.slice(n + 1).filter(other => meet(one.box, other.box))
      .map(other => `${one.says} / ${other.says}`)),
  ];
}"""
"""Labels of a chart that overlap or are outside the page."""


def run(names: Sequence[str]) -> Results:
    """Return a run at three loads, of which one service is inconclusive at one."""
    steps = [
        step(name, users, doubts=["a doubt"] if (name, users) == ("aiohttp", 50) else [])
        for name in names
        for users in (1, 50, 200)
        if (name, users) != ("flask", 200)
    ]
    return results(steps)


def opened(visit: Opens, path: Path, width: int, colours: Literal["light", "dark"]) -> tuple[Page, list[str]]:
    """Return the page with all charts drawn, and a list that fills with what its console says."""
    page, said = visit("about:blank", width=width, colours=colours).page, list[str]()

    def hear(message: ConsoleMessage) -> None:
        said.append(f"{message.type}: {message.text}")

    page.on("console", hear)
    page.goto(path.as_uri())
    expect(page.locator("html")).to_have_attribute("data-drawn", "all", timeout=DRAWN_WITHIN)
    return page, said


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of four services."""
    return write.write_comparison(run(FOUR), tmp_path_factory.mktemp("four") / "report.html")


def test_no_label_covers_another_and_the_console_is_silent(visit: Opens, four: Path, tmp_path: Path) -> None:
    many = write.write_comparison(run(MANY), tmp_path / "report.html")
    shown: tuple[tuple[Path, int, Literal["light", "dark"]], ...] = (
        *((four, 1280, "light"), (many, 1280, "light")),
        (many, 380, "dark"),  # with the charts of the four among others
    )
    for drawn, width, colours in shown:
        page, said = opened(visit, drawn, width, colours)
        for users in ("50", "200"):
            for picture in PICTURES:
                if (choice := page.locator(f"#{picture} select")).count():
                    choice.select_option(users)
            for picture in PICTURES:
                for place, chart in enumerate(page.locator(f"#{picture} .chart").all()):
                    assert chart.evaluate(OVERLAPS) == [], (drawn, width, users, picture, place)
        assert said == [], (drawn, width)


def test_four_services_fit_one_screen_and_share_a_time_axis(visit: Opens, four: Path) -> None:
    page, _ = opened(visit, four, 1280, "light")
    figures = page.locator("#swimlane .figures").bounding_box()
    assert figures
    assert figures["height"] <= 600  # of 720, with the title and the key above
    axes = [chart.locator(".role-axis-label").all_text_contents() for chart in page.locator("#swimlane .chart").all()]
    assert axes == [axes[0]] * 4


def test_a_key_explains_what_is_drawn_and_nothing_else(visit: Opens, tmp_path: Path) -> None:
    for steps, key in (
        ([step("flask", 50), step("aiohttp", 50)], ["waiting for a worker", "waiting for a timer"]),
        ([stuck("flask", 20)], ["waiting for a worker", "waiting for a person", "failed"]),
    ):
        made = results(steps, scenario="ask" if len(steps) == 1 else "delay")
        page, _ = opened(visit, write.write_comparison(made, tmp_path / "report.html"), 1280, "light")
        names = page.locator("#swimlane .key span").all_text_contents()
        assert [name.strip() for name in names] == key


def test_paper_without_colours_shows_stripes_and_dots(visit: Opens, four: Path) -> None:
    page, _ = opened(visit, four, 1280, "dark")
    fills = """() => ["worker", "wait", "work"].map(kind => {
      const mark = document.querySelector(".key svg").appendChild(document.querySelector(".key rect").cloneNode());
      mark.setAttribute("class", `${kind}-mark`);
      const fill = getComputedStyle(mark).fill;
      mark.remove();
      return fill;
    })"""
    on_screen = page.evaluate(fills)
    page.emulate_media(media="print")
    on_paper = page.evaluate(fills)
    assert len({*on_screen}) == 3
    assert all(fill.startswith("rgb") for fill in on_screen)
    assert [fill.partition("#")[2].strip('")') for fill in on_paper] == ["worker-on-paper", "wait-on-paper", ""]
    for fill in on_paper[:2]:
        expect(page.locator(f"pattern{fill[fill.index('#') :].rstrip(')').strip(chr(34))}")).to_have_count(1)
