import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from loadtest.contenders.service import lineup
from loadtest.processes.service import running
from loadtest.workload.scenarios import RACED
from tests.browser.support.visits import Opens, Visit
from tests.loadtest.support.direct import asked
from tests.loadtest.support.servers import absent
from tests.loadtest.support.web_uis import web_ui
from tests.support.stalls import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("locust")]  # in this order: Locust hides its form after a run

COMMAND = [sys.executable, "-m", "locust", "--web-port", "0", "--stop-timeout", "5"]
SIZES = ((1280, 720), (380, 720))

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Served(NamedTuple):
    """Locust's web UI, and the URLs of both twins."""

    url: str
    twins: tuple[str, str]


@pytest.fixture(scope="module")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:  # noqa: ARG001 - skips before anything starts
    known, log = lineup(2), tmp_path_factory.mktemp("locust") / "log"
    with (
        running(replace(known["flask-threads"], workers=1, threads=2), {}) as sync_app,
        running(replace(known["aiohttp"], workers=1), {}) as async_app,
    ):
        urls = {"SYNC_APP_URL": sync_app.url, "ASYNC_APP_URL": async_app.url, "THREADS": "2", "WEB_CONCURRENCY": "1"}
        with web_ui(COMMAND, urls, log) as url:
            yield Served(url, (sync_app.url, async_app.url))
        assert "Traceback" not in log.read_text()


@pytest.fixture(autouse=True)
def _stopped(served: Served) -> Iterator[None]:
    yield
    if said(served)["runs"]:
        asked(f"{served.url}/stop", "")
        eventually(lambda: not said(served)["runs"])


def said(served: Served) -> dict[str, object]:
    points: dict[str, object] = json.loads(asked(f"{served.url}/twins/points"))
    return points


def opened(visit: Opens, url: str, size: tuple[int, int] = SIZES[0]) -> tuple[Visit, list[str]]:
    """Open a page in a screen of this size, and return it with the warnings and errors of its console."""
    visited = visit(url, width=size[0])
    complaints: list[str] = []
    visited.page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    visited.page.set_viewport_size({"width": size[0], "height": size[1]})
    visited.page.reload()
    return visited, complaints


def start(page: Page, scenario: str, delay: str) -> None:
    page.get_by_label(re.compile("^Scenario")).select_option(scenario)
    page.get_by_label(re.compile("^Delay")).fill(delay)
    page.get_by_role("button", name="Start").click()


@pytest.mark.parametrize("size", SIZES)
def test_the_form_has_the_scenario_and_says_how_many_users_show_the_difference(
    served: Served, visit: Opens, size: tuple[int, int]
) -> None:
    visited, complaints = opened(visit, served.url, size)
    page = visited.page
    scenario = page.get_by_label(re.compile("^Scenario"))
    expect(scenario).to_be_visible()
    assert scenario.locator("option").all_inner_texts() == [*RACED]
    labels = page.locator("#root form select, #root form input").evaluate_all("each => each.map(one => one.name)")
    assert labels[-7:] == ["scenario", "delay", "rate", "arrivals", "seed", "think", "stagger"]
    expect(page.get_by_label("Number of users")).to_have_value("16")
    expect(page.get_by_text("16 users show the difference.")).to_be_in_viewport()
    expect(page.get_by_text("8 for each service are 4 times the 2 requests that sync_app works on")).to_be_in_viewport()
    expect(page.get_by_text("of 16, 8 are of SyncApp and 8 are of AsyncApp.")).to_be_in_viewport()
    for link in ("Charts of each service", "The race, request by request"):
        expect(page.get_by_role("link", name=link)).to_be_in_viewport()
    assert page.evaluate(OVERFLOW) <= 0
    assert (visited.errors, complaints) == ([], [])


def test_a_run_is_refused_started_changed_and_drawn(served: Served, visit: Opens) -> None:
    form, complaints = opened(visit, served.url)
    start(form.page, "drip", "1h")
    expect(form.page.get_by_role("alert").filter(has_text="--delay takes seconds")).to_be_visible()
    assert not said(served)["runs"]
    start(form.page, "drip", "50ms")
    expect(form.page.get_by_text("sync_app /drip?duration=50ms&numbytes=5", exact=True)).to_be_visible()
    expect(form.page.get_by_role("link", name="Charts of each service")).to_be_in_viewport()
    form.page.get_by_role("button", name="Edit").click()
    form.page.get_by_label(re.compile("^Delay")).fill("2h")
    form.page.get_by_role("button", name="Update").click()
    expect(form.page.locator("#unanswered")).to_contain_text("got '2h'.")  # the dialog is closed
    form.page.get_by_role("button", name="Edit").click()
    form.page.get_by_label(re.compile("^Delay")).fill("100ms")
    form.page.get_by_label(re.compile("^Scenario")).select_option("delay")
    form.page.get_by_role("button", name="Update").click()
    expect(form.page.get_by_text("async_app /delay/100ms")).to_be_visible()
    expect(form.page.locator("#unanswered")).to_be_empty()
    for size in SIZES:
        charts, more = opened(visit, f"{served.url}/twins", size)
        expect(charts.page.locator("h1")).to_contain_text("async_app answers")
        expect(charts.page.locator("#status")).to_have_text("Running: 16 users, shared by all services; delay, 100ms")
        for name in ("sync_app", "async_app"):
            section = charts.page.locator(f'section[data-name="{name}"]')
            expect(section.locator(".now")).to_contain_text(
                re.compile(r"^\d+ answers a second; p50 \d+ ms, p95 \d+ ms$")
            )
            for line in ("svg .rate", "svg .p50", "svg .p95"):
                expect(section.locator(f"path{line.removeprefix('svg ')}")).to_have_attribute("d", re.compile("^M.*L"))
        assert charts.page.evaluate(OVERFLOW) <= 0
        if size == SIZES[0]:
            assert charts.page.evaluate("document.documentElement.scrollHeight") <= size[1]
        assert (charts.errors, more) == ([], [])
        assert {url.partition("/twins")[0] for url in charts.requests if not url.startswith("data:")} == {served.url}
    assert (form.errors, complaints) == ([], [])


def test_a_service_that_is_absent_is_named_on_the_page_and_nothing_starts(
    served: Served, visit: Opens, tmp_path: Path
) -> None:
    with absent() as nobody:
        urls = {"SYNC_APP_URL": nobody, "ASYNC_APP_URL": served.twins[1]}
        with web_ui(COMMAND, urls, tmp_path / "log") as url:
            page = visit(url).page
            sentence = (
                f"Nothing answers at {nobody} (sync_app): run sync-vs-async serve, which starts it, and try again."
            )
            expect(page.locator("#unanswered")).to_have_text(sentence)
            start(page, "delay", "10ms")
            expect(page.get_by_role("alert").filter(has_text=sentence)).to_have_count(2)
            assert not said(Served(url, served.twins))["runs"]
            page.get_by_role("row").filter(has_text=re.compile("^SyncApp")).get_by_role("checkbox").uncheck()
            start(page, "delay", "10ms")
            expect(page.get_by_text("async_app /delay/10ms")).to_be_visible()
