import re
from collections.abc import Iterator
from itertools import combinations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.support.visits import Opens
from tests.loadtest.support.rooms import ASKED, Hosted, hosted
from tests.support.colours import contrast, written

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wall")]  # one worker starts the race

WITHIN = 20_000
"""Milliseconds until the page shows a change."""

SCROLLS = "({scrollWidth, scrollHeight}) => [scrollWidth > innerWidth, scrollHeight > innerHeight]"

TEXTS = """svg => [...svg.querySelectorAll("text")].map(text => {
    const {left, right, top, bottom} = text.getBoundingClientRect();
    return {left, right, top, bottom, fill: getComputedStyle(text).fill, inside: text.classList[0] ?? "",
            size: parseFloat(getComputedStyle(text).fontSize), words: text.textContent};
})"""


@pytest.fixture(scope="module")
def race(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:  # noqa: ARG001 - skips before the race starts
    with hosted(tmp_path_factory.mktemp("race") / "log") as race:
        yield race


def scrolls(page: Page) -> list[bool]:
    """Return whether a page is wider and whether it is higher than its window."""
    found: list[bool] = page.locator("html").evaluate(SCROLLS)
    return found


def legible(page: Page) -> None:
    """Assert that the texts of the histogram are large, in sight, apart from each other, and have a good contrast."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    texts = page.locator("#histogram").evaluate(TEXTS)
    assert min(each["size"] for each in texts) >= 20
    for text in texts:
        assert 0 <= text["left"] < text["right"] <= 1280
        assert 0 <= text["top"] < text["bottom"] <= 720
        if not text["inside"].startswith("in-"):
            assert contrast(written(text["fill"]), written(ground)) >= 4.5
    for one, other in combinations(texts, 2):
        apart = one["right"] <= other["left"] or other["right"] <= one["left"]
        assert apart or one["bottom"] <= other["top"] or other["bottom"] <= one["top"], (one, other)


def test_a_room_predicts_and_sees_what_it_predicted_beside_what_is_measured(race: Hosted, visit: Opens) -> None:
    visited = visit(f"{race.presenter.url}/race")
    wall = visited.page
    wall.set_viewport_size({"width": 1280, "height": 720})
    expect(wall.get_by_role("heading", name=ASKED.sentence)).to_be_visible()
    expect(wall.get_by_label("Users per service")).to_have_value("2")
    expect(wall.get_by_label("Delay")).to_have_value("10ms")
    invitation = f"{race.others.url}/race/predict"
    expect(wall.locator("#wall .address")).to_have_text(invitation)
    expect(wall.locator("#wall .qr")).to_be_visible()
    assert scrolls(wall) == [False, False]
    wall.keyboard.press("q")
    expect(wall.get_by_role("dialog").locator(".qr")).to_be_visible()
    wall.keyboard.press("q")
    expect(wall.get_by_role("dialog")).to_be_hidden()

    phone = visit(invitation, width=320).page
    assert scrolls(phone)[0] is False
    number = phone.get_by_label("Your prediction")
    expect(number).to_have_attribute("inputmode", "decimal")
    number.fill("many")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("alert")).to_contain_text("A prediction is a number from 0 to 1,000,000")
    phone.get_by_label("Your prediction").fill("150")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("status")).to_have_text("Your prediction: 150/s. Look at the wall.")
    for text in ("100", "200", "200", "200", "1000000"):
        assert race.others.predict(text).status == 303
    expect(wall.locator("#summary")).to_have_text("6 predictions", timeout=WITHIN)
    expect(wall.locator("#histogram")).to_be_hidden()

    wall.keyboard.press("r")
    expect(wall.locator("#summary")).to_have_text("6 predictions, median 200/s", timeout=WITHIN)
    expect(wall.locator("#histogram")).to_contain_text("1 beyond")
    expect(wall.locator("#histogram .votes:not(.far)")).to_have_count(3)
    expect(wall.locator("#wall .qr")).to_be_hidden()
    phone.reload()
    expect(phone.get_by_role("button", name="Send")).to_have_count(0)

    wall.keyboard.press("s")
    measured = wall.locator("#histogram text", has_text=re.compile(r"^measured [\d,.]+/s$"))
    expect(measured).to_be_visible(timeout=WITHIN)
    expect(wall.locator("#histogram text", has_text=re.compile(r"^model 200/s$"))).to_be_visible(timeout=WITHIN)
    expect(wall.locator("#histogram")).to_have_attribute(
        "aria-label", re.compile(r"; measured [\d,.]+/s; model 200/s$")
    )
    for colours in ("light", "dark"):
        wall.emulate_media(color_scheme=colours)
        legible(wall)
        assert scrolls(wall) == [False, False]
    wall.keyboard.press("w")
    expect(wall.locator("#wall")).to_be_hidden()
    expect(wall.locator(".racer").first).to_be_visible()
    assert scrolls(wall) == [False, False]
    wall.keyboard.press("x")
    expect(wall.locator("#status")).to_contain_text("No race is running.", timeout=WITHIN)
    assert visited.errors == []


def test_others_see_the_wall_and_the_race_without_the_buttons_of_the_presenter(race: Hosted, visit: Opens) -> None:
    visited = visit(f"{race.others.url}/race", width=320)
    page = visited.page
    expect(page.locator("#summary")).to_be_visible()
    for name in ("Start", "Stop", "Reveal"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.keyboard.press("s")  # does nothing here
    page.keyboard.press("w")
    expect(page.locator(".racer").first).to_be_visible()
    expect(page.locator("#status")).to_have_text("No race is running.", timeout=WITHIN)
    expect(page.locator("#problem")).to_be_empty()
    assert visited.errors == []
