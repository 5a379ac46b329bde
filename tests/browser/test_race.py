import re
import signal
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.support.visits import Opens, Visit
from tests.loadtest.support.commands import alone, serving
from tests.loadtest.support.racing import PAGE, URL, counted, heard, start, start_arrivals, stopped
from tests.support.stalls import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # the well-known ports allow one test at a time

RACERS = ("flask:workers=2", "aiohttp:workers=1")
MARKS = """canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 24, canvas.width, canvas.height - 24); // below the labels
    const seen = new Map();
    for (let at = 0; at < data.length; at += 4) {
        const colour = data.slice(at, at + 3).join();
        seen.set(colour, (seen.get(colour) ?? 0) + 1);
    }
    return [...seen.values()].filter(count => count > 20).length > 2;
}"""
"""JavaScript that returns whether a canvas shows marks besides its columns and background."""

WITHIN = 20_000
"""Milliseconds until the page shows a change."""


@pytest.fixture(scope="module", autouse=True)
def _race(chromium: str) -> Iterator[None]:  # noqa: ARG001 - skips before the race starts
    with alone() as environment, serving(environment, "race", "--services", ",".join(RACERS)) as raced:
        raced.hear("Ctrl-C stops everything")
        yield
        raced.process.send_signal(signal.SIGINT)
        assert raced.end() == 0


@pytest.fixture(autouse=True)
def _nothing_runs_on(_race: None) -> Iterator[None]:
    yield
    stopped()


def figure(page: Page, racer: str, name: str) -> str:
    return page.locator(f'[data-name="{racer}"] [data-figure="{name}"]').inner_text()


def number(page: Page, racer: str, name: str) -> int:
    return int(figure(page, racer, name).replace(",", ""))


def shown(page: Page, racer: str, name: str) -> float:
    """Return a figure, or 0 while it is unknown."""
    found = re.fullmatch(r"[\d.]+", figure(page, racer, name))
    return float(found[0]) if found else 0.0


def status(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#status")).to_contain_text(words, timeout=WITHIN)


def shows(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until `holds` is true of what a page shows, which changes with each event."""

    def held() -> bool:
        page.wait_for_timeout(100)  # Playwright hears nothing while Python sleeps
        return holds()

    eventually(held, WITHIN / 1000)


def moving(page: Page) -> None:
    """Wait until every racer shows throughput, prediction and median; other figures need more answers."""
    for racer in RACERS:
        for name in ("throughput", "predicted", "p50"):
            cell = page.locator(f'[data-name="{racer}"] [data-figure="{name}"]')
            expect(cell).to_have_text(re.compile(r"\d"), timeout=WITHIN)


def quiet(visited: Visit) -> None:
    """Assert that the page had no errors and sent requests only to Locust."""
    assert visited.errors == []
    assert visited.requests
    assert [url for url in visited.requests if not url.startswith((f"{URL}/", "data:"))] == []


def test_the_figures_of_a_race_are_those_of_locust_at_the_same_moment(visit: Opens) -> None:
    start(8, "50ms", "delay")
    visited = visit(PAGE)
    page = visited.page
    moving(page)
    before = {racer: number(page, racer, "requests") for racer in RACERS}
    counts = counted()
    for racer in RACERS:
        assert 0 < before[racer] <= counts[racer]
    shows(page, lambda: all(counts[racer] <= number(page, racer, "requests") for racer in RACERS))
    assert [figure(page, racer, "failures") for racer in RACERS] == ["0", "0"]
    assert float(figure(page, RACERS[0], "predicted")) == pytest.approx(40)
    shows(page, lambda: 0 < shown(page, RACERS[0], "throughput") <= 44)
    stopped()
    status(page, "No race is running.")
    assert {racer: number(page, racer, "requests") for racer in RACERS} == counted()
    quiet(visited)


def test_requests_are_drawn_and_the_caption_says_what_to_look_at(visit: Opens) -> None:
    start(20, "100ms", "delay")
    page = visit(PAGE).page
    queue = page.locator(f'[data-name="{RACERS[0]}"]')
    expect(queue.locator(".caption")).to_contain_text("2 processes", timeout=WITHIN)
    expect(queue.locator(".said")).to_have_attribute("aria-live", "polite")
    expect(queue.locator("figcaption")).to_have_text("20 of 20 users drawn", timeout=WITHIN)
    for racer in RACERS:
        canvas = page.locator(f'[data-name="{racer}"] canvas').element_handle()
        page.wait_for_function(MARKS, arg=canvas, timeout=WITHIN)


def test_a_race_is_started_changed_and_stopped_by_the_buttons_of_its_page(visit: Opens) -> None:
    visited = visit(PAGE)
    page = visited.page
    status(page, "No race is running.")
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    page.get_by_label("Users per service").fill("5")
    page.get_by_label("Delay").fill("40ms")
    page.get_by_label("Scenario").select_option("drip")
    page.get_by_role("button", name="Start").click()
    status(page, re.compile("Running: 5 users per service, drip, 40ms, stops in 9:[345]"))
    moving(page)
    page.get_by_label("Users per service").fill("3")
    page.get_by_role("button", name="Change").click()
    status(page, "3 users per service")
    page.get_by_role("button", name="Stop").click()
    status(page, "No race is running.")
    assert heard(bool)["state"] == "ready"
    quiet(visited)


def test_a_race_is_started_and_stopped_by_the_keyboard_alone(visit: Opens) -> None:
    page = visit(PAGE).page
    status(page, "No race is running.")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Load")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Users per service")).to_be_focused()
    assert page.get_by_label("Users per service").evaluate("field => getComputedStyle(field).outlineStyle") == "solid"
    page.keyboard.type("4")
    page.keyboard.press("Tab")
    page.keyboard.type("30ms")
    page.keyboard.press("Tab")
    page.keyboard.type("sse")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    status(page, "Running: 4 users per service, sse, 30ms")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    page.keyboard.press("Space")
    status(page, "No race is running.")


def test_arrivals_are_switched_to_started_and_changed_by_the_keyboard_alone(visit: Opens) -> None:
    visited = visit(PAGE)
    page = visited.page
    status(page, "No race is running.")
    page.keyboard.press("Tab")
    page.keyboard.type("arr")
    expect(page.get_by_label("Load")).to_have_value("rate")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Arrivals/s per service")).to_be_focused()
    page.keyboard.type("40")
    page.keyboard.press("Tab")
    page.keyboard.type("100ms")
    page.keyboard.press("Enter")
    status(page, re.compile("Running: 40 arrivals/s per service, delay, 100ms, stops in 9:[345]"))
    slow, quick = (page.locator(f'[data-name="{racer}"]') for racer in RACERS)
    expect(slow.locator(".caption")).to_contain_text("diverges: the backlog grows by", timeout=WITHIN)
    expect(quick.locator(".caption")).to_contain_text("keeps up", timeout=WITHIN)
    expect(quick.locator('[data-figure="arriving"]')).to_have_text(re.compile(r"\d"))
    expect(quick.locator('[data-figure="requests"]')).to_be_hidden()
    expect(quick.locator("figcaption")).to_have_text(re.compile(r"^\d+ requests drawn, those sent first$"))
    expect(page.get_by_text("Requests arrive at random moments")).to_be_visible()
    expect(page.get_by_text("Each mark is a real request of one user")).to_be_hidden()
    expect(slow.locator('[data-figure="p99"]')).to_have_text("\N{EN DASH}")
    page.wait_for_function(MARKS, arg=quick.locator("canvas").element_handle(), timeout=WITHIN)
    page.get_by_label("Arrivals/s per service").fill("12.5")
    page.get_by_role("button", name="Change").click()
    status(page, "12.5 arrivals/s per service")
    quiet(visited)


def test_users_cannot_become_arrivals_during_a_race_and_the_page_says_so(visit: Opens) -> None:
    start(2, "20ms", "delay")
    page = visit(PAGE).page
    status(page, "Running: 2 users per service")
    expect(page.get_by_label("Load")).to_have_value("users")
    page.get_by_label("Load").select_option("arrivals")
    page.get_by_label("Arrivals/s per service").fill("5")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("alert")).to_have_text(
        "The run in progress has users, so it cannot change to arrivals; stop it first."
    )
    page.get_by_role("button", name="Stop").click()
    status(page, "No race is running.")
    page.get_by_role("button", name="Start").click()
    status(page, "Running: 5 arrivals/s per service")


def test_a_page_that_joins_a_race_of_arrivals_shows_their_rate(visit: Opens) -> None:
    start_arrivals(7, "20ms", "delay")
    page = visit(PAGE).page
    status(page, "Running: 7 arrivals/s per service, delay, 20ms")
    expect(page.get_by_label("Load")).to_have_value("rate")
    expect(page.get_by_label("Arrivals/s per service")).to_have_value("7")
    expect(page.get_by_text("Requests arrive at random moments")).to_be_visible()


def test_what_cannot_be_run_is_said_on_the_page(visit: Opens) -> None:
    page = visit(PAGE).page
    page.get_by_label("Delay").fill("soon")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("^Delay takes seconds .* got 'soon'\\.$"))
    page.get_by_label("Users per service").fill("2")
    page.get_by_label("Delay").fill("20ms")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#problem")).to_be_empty()
    status(page, "Running")


def test_a_reload_and_a_second_browser_join_the_race(visit: Opens) -> None:
    start(6, "30ms", "delay")
    visited = visit(PAGE)
    moving(visited.page)
    before = {racer: number(visited.page, racer, "requests") for racer in RACERS}
    visited.page.reload()
    other = visit(PAGE)
    for page in (visited.page, other.page):
        status(page, "Running: 6 users per service, delay, 30ms")
        moving(page)
        expect(page.get_by_label("Users per service")).to_have_value("6")
        expect(page.get_by_label("Delay")).to_have_value("30ms")
        assert all(number(page, racer, "requests") >= before[racer] for racer in RACERS)
    other.page.get_by_role("button", name="Stop").click()
    status(visited.page, "No race is running.")
    quiet(visited)
    quiet(other)


def test_whoever_types_is_not_disturbed_by_the_race(visit: Opens) -> None:
    start(2, "30ms", "delay")
    page = visit(PAGE).page
    status(page, "Running")
    page.get_by_label("Users per service").fill("77")
    page.wait_for_timeout(1_200)  # at least two events
    expect(page.get_by_label("Users per service")).to_have_value("77")


@pytest.mark.parametrize("begin", [start, start_arrivals])
@pytest.mark.parametrize("width", [1280, 380])
def test_the_page_of_a_race_fits_every_screen_in_light_and_dark(
    visit: Opens, width: int, begin: Callable[[int, str, str], None]
) -> None:
    begin(200, "1ms", "delay")  # figures of many digits
    shades: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
    visited = visit(PAGE, width=width)
    moving(visited.page)
    for colours in shades:
        visited.page.emulate_media(color_scheme=colours)
        fits(visited.page, width, colours)
    quiet(visited)


def fits(page: Page, width: int, colours: str) -> None:
    """Assert that nothing is cut off, that the colours are those asked for, and that a wide page has large figures."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for cell in page.locator("[data-figure]:visible").all():
        assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth"), cell.get_attribute("data-figure")
    ground, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert (brightness(ground) > brightness(ink)) == (colours == "light")
    if width == 1280:
        sizes = page.locator("[data-figure]").evaluate_all(
            "cells => cells.map(cell => parseFloat(getComputedStyle(cell).fontSize))"
        )
        assert min(sizes) >= 40


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)[:3]))
