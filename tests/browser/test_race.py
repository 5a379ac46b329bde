import re
import signal
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.support.visits import Opens, Visit
from tests.loadtest.support.commands import alone, serving
from tests.loadtest.support.racing import PAGE, URL, counted, heard, start, start_arrivals, stopped
from tests.support.colours import contrast, written
from tests.support.stalls import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # the well-known ports allow one test at a time

RACERS = ("flask:workers=2", "flask-threads:workers=1", "aiohttp:workers=1")
SLOW, MIDDLE, QUICK = RACERS
MARKS = """canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Map();
    for (let at = 0; at < data.length; at += 4) {
        const colour = data.slice(at, at + 3).join();
        seen.set(colour, (seen.get(colour) ?? 0) + 1);
    }
    return [...seen.values()].filter(count => count > 20).length > 1;
}"""
"""JavaScript that returns whether a canvas shows anything on its ground."""

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
    start(8, "200ms", "delay")
    visited = visit(PAGE)
    page = visited.page
    moving(page)
    before = {racer: number(page, racer, "requests") for racer in RACERS}
    counts = counted()
    for racer in RACERS:
        assert 0 < before[racer] <= counts[racer]
    shows(page, lambda: all(counts[racer] <= number(page, racer, "requests") for racer in RACERS))
    assert [figure(page, racer, "failures") for racer in RACERS] == ["0"] * len(RACERS)
    assert float(figure(page, SLOW, "predicted")) == pytest.approx(10)
    shows(page, lambda: 0 < shown(page, SLOW, "throughput") <= 11)
    stopped()
    status(page, "No race is running.")
    assert {racer: number(page, racer, "requests") for racer in RACERS} == counted()
    quiet(visited)


def test_requests_are_drawn_and_the_caption_says_what_to_look_at(visit: Opens) -> None:
    start(20, "200ms", "delay")
    page = visit(PAGE).page
    slow = page.locator(f'[data-name="{SLOW}"]')
    expect(slow.locator(".caption")).to_contain_text(
        "2 processes, all in use: 18 requests wait for one", timeout=WITHIN
    )
    expect(slow.locator(".said")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#held")).to_have_text("waiting for a worker")
    expect(page.locator("#waits")).to_have_text("waiting for a timer")
    for canvas in page.locator("canvas").all():  # marks and chart of each
        page.wait_for_function(MARKS, arg=canvas.element_handle(), timeout=WITHIN)
    expect(page.locator("#lead")).to_have_text(
        re.compile(r"^flask-threads and aiohttp answer [\d.]+ times as much as flask$"), timeout=WITHIN
    )
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    lead, others = (
        page.locator("#lead").evaluate(size),
        page.locator("h2, dd, .caption").evaluate_all(f"all => all.map({size})"),
    )
    assert lead >= max(others)


def test_a_race_is_started_changed_and_stopped_by_the_buttons_of_its_page(visit: Opens) -> None:
    visited = visit(PAGE)
    page = visited.page
    status(page, "No race is running.")
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    page.get_by_label("Users per service").fill("5")
    page.get_by_label("Delay").fill("200ms")
    page.get_by_label("Scenario").select_option("drip")
    page.get_by_role("button", name="Start").click()
    status(page, re.compile("Running: 5 users per service, drip, 200ms, stops in 9:[345]"))
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
    page.keyboard.type("200ms")
    page.keyboard.press("Tab")
    page.keyboard.type("sse")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    status(page, "Running: 4 users per service, sse, 200ms")
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
    slow, quick = (page.locator(f'[data-name="{racer}"]') for racer in (SLOW, QUICK))
    expect(slow.locator(".caption")).to_contain_text("diverges: the backlog grows by", timeout=WITHIN)
    expect(quick.locator(".caption")).to_contain_text("keeps up", timeout=WITHIN)
    expect(quick.locator('[data-figure="arriving"]')).to_have_text(re.compile(r"\d"))
    expect(quick.locator('[data-figure="requests"]')).to_be_hidden()
    expect(quick.locator("figcaption")).to_have_text(re.compile(r"^\d+ requests drawn$"))
    expect(page.get_by_text("Each mark is a request, 2 s ago.")).to_be_visible()
    expect(page.get_by_text("Each mark is a user, 2 s ago.")).to_be_hidden()
    expect(slow.locator('[data-figure="p99"]')).to_have_text("\N{EN DASH}")
    page.wait_for_function(MARKS, arg=quick.locator(".marks").element_handle(), timeout=WITHIN)
    page.get_by_label("Arrivals/s per service").fill("12.5")
    page.get_by_role("button", name="Change").click()
    status(page, "12.5 arrivals/s per service")
    quiet(visited)


def test_users_cannot_become_arrivals_during_a_race_and_the_page_says_so(visit: Opens) -> None:
    start(2, "200ms", "delay")
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
    page.keyboard.press("?")
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
    start(6, "200ms", "delay")
    visited = visit(PAGE)
    moving(visited.page)
    before = {racer: number(visited.page, racer, "requests") for racer in RACERS}
    visited.page.reload()
    other = visit(PAGE)
    for page in (visited.page, other.page):
        status(page, "Running: 6 users per service, delay, 200ms")
        moving(page)
        expect(page.get_by_label("Users per service")).to_have_value("6")
        expect(page.get_by_label("Delay")).to_have_value("200ms")
        assert all(number(page, racer, "requests") >= before[racer] for racer in RACERS)
    other.page.get_by_role("button", name="Stop").click()
    status(visited.page, "No race is running.")
    quiet(visited)
    quiet(other)


def test_whoever_types_is_not_disturbed_by_the_race(visit: Opens) -> None:
    start(2, "200ms", "delay")
    page = visit(PAGE).page
    status(page, "Running")
    page.get_by_label("Users per service").fill("77")
    page.wait_for_timeout(1_200)  # at least two events
    expect(page.get_by_label("Users per service")).to_have_value("77")


@pytest.mark.parametrize(("begin", "number", "delay"), [(start, 30, "100ms"), (start_arrivals, 60, "10ms")])
def test_the_page_of_a_race_fits_every_screen_in_light_and_dark(
    visit: Opens, begin: Callable[[int, str, str], None], number: int, delay: str
) -> None:
    begin(number, delay, "delay")  # figures of many digits, without filling the cores
    visited = visit(PAGE)
    page = visited.page
    moving(page)
    shades: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
    for colours in shades:
        page.emulate_media(color_scheme=colours)
        ground, ink = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        assert (brightness(ground) > brightness(ink)) == (colours == "light")
        for width, height, smallest in ((1280, 720, 19), (1920, 1080, 29), (1024, 768, 16), (380, 720, 16)):
            page.set_viewport_size({"width": width, "height": height})
            fits(page, smallest, stacked=width == 380)
            assert page.evaluate(LONG) == 0
    quiet(visited)


def fits(page: Page, smallest: float, *, stacked: bool) -> None:
    """Assert that nothing is cut off or overlaps, and that a wide page needs no scrolling and has large figures."""
    scrolls = page.evaluate(
        "({scrollWidth, scrollHeight}) => [scrollWidth > innerWidth, scrollHeight > innerHeight]",
        page.locator("html").element_handle(),
    )
    assert scrolls == [False, stacked]
    cut = page.locator("[data-figure]:visible, #lead").evaluate_all(
        "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
    )
    assert cut == []
    boxes = page.locator(PARTS).evaluate_all(
        "all => all.map(each => each.getBoundingClientRect()).map(({x, y, right, bottom}) => [x, y, right, bottom])"
    )
    for (one, *_), (x, y, right, bottom) in zip(enumerate(boxes), boxes, strict=True):
        for left, top, end, low in boxes[one + 1 :]:
            assert left >= right - 1 or end <= x + 1 or top >= bottom - 1 or low <= y + 1, boxes
    heads = page.locator("h2:visible").evaluate_all("all => all.map(each => each.getBoundingClientRect().y)")
    assert len({*map(round, heads)}) == (len(RACERS) if stacked else 1)
    sizes = page.locator('[data-figure="throughput"], [data-figure="p99"], .caption:not(.long)').evaluate_all(
        "all => all.map(each => parseFloat(getComputedStyle(each).fontSize))"
    )
    assert min(sizes) >= smallest


LONG = """() => {
    const lead = document.getElementById("lead"), before = lead.textContent;
    const sentence = "flask:workers=2,threads=8 and flask-threads:workers=2 answer 20 times as much within 1.25 s as "
        + "aiohttp:workers=1,pool=9";
    new Sentence(lead, document.getElementById("lead-said")).show("long", sentence, performance.now());
    fitLead(sentence);
    const out = Math.max(0, lead.scrollWidth - lead.clientWidth, lead.scrollHeight - lead.clientHeight);
    fitLead(before);
    lead.textContent = before;
    return out;
}"""
"""JavaScript that returns by how many pixels the longest sentence leaves its place."""

PARTS = (
    "header, #lead, .state, .racer .name, .racer .caption, .racer figure, .racer .chart, .racer .rates > div, "
    ".racer .counts, footer"
)
"""What must not overlap. A lane and its parts do, so that only the parts are named."""


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


def test_a_presenter_needs_only_keys_and_whoever_types_none_of_them(visit: Opens) -> None:
    visited = visit(PAGE)
    page = visited.page
    status(page, "No race is running.")
    page.get_by_label("Users per service").fill("3")
    page.get_by_label("Delay").fill("")
    page.keyboard.type("xnsf?")
    expect(page.get_by_label("Delay")).to_have_value("xnsf?")
    assert heard(lambda _: True)["state"] == "ready"
    page.get_by_label("Delay").fill("200ms")
    page.locator("h1").click()  # leaves the field
    page.keyboard.press("Control+s")
    page.keyboard.press("n")
    expect(page.get_by_label("Scenario")).to_have_value("fanout")
    assert heard(lambda _: True)["state"] == "ready"
    page.keyboard.press("s")
    status(page, "Running: 3 users per service, fanout, 200ms")
    page.keyboard.press("n")
    status(page, "Running: 3 users per service, fetch, 200ms")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement !== null")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next scenario")
    page.keyboard.press("n")
    expect(page.get_by_label("Scenario")).to_have_value("fetch")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_hidden()
    for key, button in (("s", "Change"), ("x", "Stop"), ("n", "Next scenario"), ("f", "Full screen"), ("?", "Help")):
        expect(page.get_by_role("button", name=button)).to_contain_text(key)
        expect(page.get_by_role("button", name=button)).to_have_attribute("aria-keyshortcuts", key)
    page.keyboard.press("x")
    status(page, "No race is running.")
    quiet(visited)


def test_a_lane_is_red_in_colour_and_words_while_its_event_loop_stands_still(visit: Opens) -> None:
    start(10, "500ms", "blocking")
    page = visit(PAGE).page
    lanes = {racer: page.locator(f'[data-name="{racer}"]') for racer in RACERS}
    expect(lanes[QUICK].locator(".stands")).to_contain_text("event loop stands still", timeout=2 * WITHIN)
    shades: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
    for colours in shades:
        page.emulate_media(color_scheme=colours)
        red, plain = (lanes[racer].evaluate(GROUND) for racer in (QUICK, SLOW))
        assert red != plain
        for part in (".stands", ".caption", "dt"):
            assert contrast(*map(written, lanes[QUICK].locator(part).first.evaluate(COLOURS))) >= 4.5
    for racer in (SLOW, MIDDLE):
        expect(lanes[racer].locator(".stands")).to_be_hidden()
    start(10, "500ms", "offload")
    expect(lanes[QUICK].locator(".stands")).to_be_hidden(timeout=3 * WITHIN)
    assert lanes[QUICK].evaluate(GROUND) == lanes[SLOW].evaluate(GROUND)


GROUND = "lane => getComputedStyle(lane).backgroundColor"

COLOURS = """element => {
    let ground = element;
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
    return [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
}"""
"""JavaScript that returns the colour of an element's text, and that of the ground behind it."""


def test_a_race_that_stops_says_what_it_waits_for_and_nothing_else(visit: Opens) -> None:
    start(12, "2s", "delay")
    page = visit(PAGE).page
    status(page, "Running")
    page.keyboard.press("x")
    expect(page.locator("#lead")).to_have_text(re.compile(r"^Stopping: \d+ requests? still in flight$"), timeout=WITHIN)
    words = page.locator("body").inner_text()
    assert "Running" not in words
    assert "stopped: all requests are answered" in words or re.search(r"stopping: \d+ requests? still in flight", words)
    status(page, "No race is running.")


def test_counts_begin_anew_with_every_change(visit: Opens) -> None:
    start(20, "20ms", "delay")
    page = visit(PAGE).page
    shows(page, lambda: shown(page, QUICK, "requests") > 500)
    before = number(page, QUICK, "requests")
    start(1, "500ms", "delay")
    shows(page, lambda: number(page, QUICK, "requests") < before / 2)
