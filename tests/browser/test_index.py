"""The pages of both twins and of their upstream, with all services running on their well-known ports."""

import re
import signal
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from contract import ports
from contract.operations import OPERATIONS
from tests.browser.support.visits import Opens, Visit
from tests.loadtest.support.commands import alone, serving
from tests.support.colours import contrast, linear, written

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # the well-known ports allow one test at a time

SYNC, ASYNC, UPSTREAM = (f"http://127.0.0.1:{port}" for port in (ports.SYNC_APP, ports.ASYNC_APP, ports.UPSTREAM))
TWINS = {"sync_app": SYNC, "async_app": ASYNC}
OTHER = {SYNC: ASYNC, ASYNC: SYNC}

INKS = """[...document.querySelectorAll("h1, p, a, label, input, select, button, summary, output, pre")].map(each => {
    let ground = each;
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
    return [getComputedStyle(each).color, getComputedStyle(ground).backgroundColor];
})"""
"""JavaScript that returns the colours of texts, each with that of its ground."""


@pytest.fixture(scope="module", autouse=True)
def _served(chromium: str) -> Iterator[None]:  # noqa: ARG001 - skips before the services start
    with alone() as environment, serving(environment, "serve") as served:
        served.hear("Ctrl-C stops everything")
        yield
        served.process.send_signal(signal.SIGINT)
        assert served.end() == 0


def form(page: Page, name: str) -> Locator:
    return page.locator("article", has=page.locator(f'form[data-name="{name}"]'))


def press(page: Page, name: str, button: str) -> Locator:
    """Press a button of a form, and return the answers below it."""
    form(page, name).get_by_role("button", name=button, exact=True).click()
    return form(page, name).locator(".answer")


def answered(answer: Locator, who: str, status: int, *shown: str) -> None:
    """Wait until an answer is complete, and assert what it shows."""
    expect(answer).to_have_class(re.compile("done"))
    expect(answer.locator("b")).to_have_text(who)
    expect(answer.get_by_role("status")).to_have_text(re.compile(f"^{status} "))
    expect(answer.locator("summary")).to_be_visible()
    for text in shown:
        expect(answer.locator("pre")).to_contain_text(text)


def framed(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def quiet(visited: Visit, *origins: str) -> None:
    """Assert that the page had no errors and sent requests to these origins only."""
    assert visited.errors == []
    assert {"/".join(url.split("/")[:3]) for url in visited.requests} == {*origins}


@pytest.mark.parametrize("name", TWINS)
def test_each_twin_says_which_it_is_and_its_forms_call_both(visit: Opens, name: str) -> None:
    own = TWINS[name]
    (other,) = TWINS.keys() - {name}
    visited = visit(f"{own}/")
    page = visited.page
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{name}, the ")
    answered(press(page, "delay", f"Call {name}"), name, 200, "Server-Timing: wait;dur=1", '{"duration":1.0}', name)
    quiet(visited, own)
    form(page, "fanout").get_by_label("delay").fill("50ms")
    answers = press(page, "fanout", "Call both twins")
    how = {"sync_app": "sequential", "async_app": "concurrent"}
    for place, who in ((answers, name), (framed(page).locator(".answer"), other)):
        answered(place, who, 200, f"Waits: {how[who]}; n=5", '{"n":5,"delay":0.05,"mode":"idiomatic"}', "dur=")
        expect(place.locator("pre")).to_contain_text(f"Served-By: {who}; pid=")
    expect(framed(page).locator("h1")).to_have_count(0)  # the answer alone
    height = framed(page).locator("body").evaluate("body => body.offsetHeight")
    expect(page.locator("iframe")).to_have_css("height", f"{height}px")  # nothing is cut off
    expect(page.get_by_text("does not answer")).to_be_hidden()
    quiet(visited, own, OTHER[own])
    page.get_by_role("link", name=re.compile(f"^{other}, the ")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{other}, the ")


def test_a_twin_that_does_not_run_is_named(visit: Opens) -> None:
    page = visit(f"{SYNC}/").page
    page.route(f"{ASYNC}/**", lambda route: route.abort("connectionrefused"))
    answered(press(page, "healthz", "Call both twins"), "sync_app", 200, '{"status":"ok"}')
    expect(page.get_by_text(f"async_app does not answer on {ASYNC}.")).to_be_visible()
    expect(page.locator("iframe")).to_be_hidden()


def test_a_refusal_is_shown_as_the_service_sent_it(visit: Opens) -> None:
    page = visit(f"{SYNC}/").page
    form(page, "delay").get_by_label("duration").fill("soon")
    answered(press(page, "delay", "Call sync_app"), "sync_app", 400, "duration must be seconds", "got 'soon'")


@pytest.mark.parametrize("own", TWINS.values(), ids=TWINS)
def test_waits_are_made_in_both_modes_side_by_side(visit: Opens, own: str) -> None:
    visited = visit(f"{own}/")
    page = visited.page
    form(page, "fanout").get_by_label("delay").fill("300ms")
    answers = press(page, "fanout", "Sequential and concurrent")
    clock = answers.first.locator(".clock")
    before = clock.inner_text()
    expect(clock).not_to_have_text(before)  # it ticks
    for place, mode in enumerate(("sequential", "concurrent")):
        answered(answers.nth(place), mode, 200, f"Waits: {mode}; n=5", f'"mode":"{mode}"')
    sequential, concurrent = (float(text.split()[0]) for text in answers.locator(".clock").all_inner_texts())
    assert sequential >= 1.5
    assert concurrent >= 0.3
    quiet(visited, own)


@pytest.mark.parametrize("own", TWINS.values(), ids=TWINS)
def test_a_barrier_releases_requests_sent_one_at_a_time_or_at_once(visit: Opens, own: str) -> None:
    visited = visit(f"{own}/")
    page = visited.page
    form(page, "barrier").get_by_label("timeout").fill("10s")
    for number in (1, 2):
        answers = press(page, "barrier", "Send one")
        expect(answers).to_have_count(number)
    expect(answers.get_by_role("status")).to_have_text(["waiting", "waiting"])
    press(page, "barrier", "Send one")
    expect(answers.get_by_role("status")).to_have_text([re.compile("^200 ")] * 3)
    form(page, "barrier").get_by_label("n", exact=True).fill("7")  # more than a browser has in flight
    for button in ("Send n at once", "Send one"):
        press(page, "barrier", button)
        expect(answers.get_by_role("status")).to_have_count(3)
    form(page, "barrier").get_by_label("n", exact=True).fill("5")
    press(page, "barrier", "Send n at once")
    expect(answers.get_by_role("status")).to_have_text([re.compile("^200 ")] * 5)
    quiet(visited, own)


def test_a_question_to_one_twin_is_answered_by_the_other(visit: Opens) -> None:
    asking, answering = visit(f"{SYNC}/"), visit(f"{ASYNC}/")
    answers = press(asking.page, "ask", "Call sync_app")
    expect(answers.get_by_role("status")).to_have_text("waiting")
    form(answering.page, "answer").get_by_label("answer").fill("pie & peas")
    answered(press(answering.page, "answer", "Call async_app"), "async_app", 202, '{"question":"lunch"}')
    answered(answers, "sync_app", 200, '{"question":"lunch","answer":"pie & peas"}')
    quiet(asking, SYNC)
    quiet(answering, ASYNC)


@pytest.mark.parametrize("own", TWINS.values(), ids=TWINS)
def test_events_are_shown_while_the_stream_goes_on(visit: Opens, own: str) -> None:
    visited = visit(f"{own}/")
    form(visited.page, "sse").get_by_label("count").fill("3")
    answers = press(visited.page, "sse", "Call sync_app" if own == SYNC else "Call async_app")
    expect(answers.locator("pre")).to_contain_text(re.compile(r'\d\.\d\d s  event: ping  data: \{"id":0,'))
    assert '"id":2' not in answers.locator("pre").inner_text()
    expect(answers.locator("pre")).to_contain_text('"id":2')
    quiet(visited, own)


def test_a_frame_sends_no_answer_and_no_stranger_may_show_one(visit: Opens) -> None:
    visited = visit(f"{SYNC}/")
    source = f"{ASYNC}/#answer?question=planted&answer=x"
    visited.page.evaluate("src => document.body.append(Object.assign(document.createElement('iframe'), {src}))", source)
    expect(framed(visited.page).get_by_role("button", name="Send n at once")).to_be_visible()  # the script has run
    assert not [url for url in visited.requests if "planted" in url and "/answer/" in url]
    stranger = visit(f"{UPSTREAM}/").page
    policies = [
        stranger.request.get(f"{url}/", headers={"Accept": "text/html"}).headers["content-security-policy"]
        for url in (SYNC, ASYNC, UPSTREAM)
    ]
    assert [each.rpartition("frame-ancestors ")[2] for each in policies] == [ASYNC, SYNC, "'none'"]


def test_without_javascript_the_forms_are_plain_forms_and_links(visit: Opens) -> None:
    page = visit(f"{ASYNC}/", javascript=False).page
    expect(form(page, "delay").get_by_role("link")).to_have_attribute("href", "/delay/1s")
    expect(page.get_by_role("button", name="Call async_app")).to_have_count(
        sum(each.method == "GET" and "{" not in each.path for each in OPERATIONS) - 1  # /barrier: Send one
    )
    form(page, "fanout").get_by_label("delay").fill("10ms")
    form(page, "fanout").get_by_label("mode").select_option("sequential")
    form(page, "fanout").get_by_role("button").click()
    expect(page.locator("body")).to_have_text('{"n":5,"delay":0.01,"mode":"sequential"}')


@pytest.mark.parametrize("url", [SYNC, UPSTREAM])
def test_the_page_fits_every_screen_in_light_and_dark_and_serves_the_keyboard(visit: Opens, url: str) -> None:
    visited = visit(f"{url}/")
    page = visited.page
    page.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    answered(form(page, "delay").locator(".answer"), "sync_app" if url == SYNC else "upstream", 200)
    assert page.locator("input, select").evaluate_all("fields => fields.every(field => field.labels.length === 1)")
    screens: list[tuple[int, Literal["light", "dark"]]] = [
        (1280, "light"),
        (1280, "dark"),
        (380, "light"),
        (380, "dark"),
    ]
    for width, colours in screens:
        page.set_viewport_size({"width": width, "height": 720})
        page.emulate_media(color_scheme=colours)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        pairs = {tuple(pair) for pair in page.evaluate(INKS)}
        assert len(pairs) >= 4
        for ink, ground in pairs:
            assert contrast(written(ink), written(ground)) >= 4.5, (colours, ink, ground)
        ink, ground = page.evaluate(f"({INKS})[0]")
        assert (linear(written(ground)) > linear(written(ink))) == (colours == "light")
    quiet(visited, url)
