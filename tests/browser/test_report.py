"""Tests of the report in a browser: marks, tables, choices and accessibility."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from loadtest.report import write
from loadtest.report.figures.percentiles import RANKS
from loadtest.report.figures.requests import SEEN
from loadtest.report.figures.users import end
from loadtest.results.schema import Measured, Results, Step
from loadtest.verdict.aggregate import rows
from tests.browser.support.visits import Opens, Visit
from tests.loadtest.support.fabricated import not_run, results, step
from tests.loadtest.support.hostile import HOSTILE, hostile, printable
from tests.support.colours import contrast, written

pytestmark = pytest.mark.slow

SERVICES = ("flask", "flask-threads", "aiohttp")
USERS = (1, 10, 50)
KNEES = {"flask-threads": 64, "flask": 5}
"""Knees of the services with slots, within the range of users, from right to left."""

PICTURES = ("throughput", "latency", "swimlane", "whereabouts", "memory")

QUEUES = 2
"""Steps beyond a knee, all of them on flask."""

DRAWN_WITHIN = 30_000
"""Milliseconds until all charts are drawn."""

READABLE = 4.5
"""Minimum contrast of text (WCAG 2.2, 1.4.3)."""

COLOURS = """() => {
  const ground = getComputedStyle(document.body).backgroundColor;
  const texts = [...document.querySelectorAll(".chart svg text")].filter(text => text.textContent);
  return texts.map(text => [getComputedStyle(text).fill, ground]);
}"""
"""Returns the colours of each text of a chart and of the ground behind it."""

FOCUSED = """() => {
  const { tagName, className, dataset } = document.activeElement;
  return [tagName, dataset.picture ?? className].join(" ").trim();
}"""


def fabricated() -> Results:
    """Return a run of three services, three loads and two repeats; one step is inconclusive, one was not run."""
    steps: list[Step] = []
    for repeat in (1, 2):
        for name in SERVICES:
            for users in USERS:
                done = step(name, users, repeat=repeat, doubts=["a doubt"] if (name, users) == ("flask", 10) else [])
                assert done.measured
                memory = (100 + users * repeat) * 2**20
                steps.append(done.model_copy(update={"measured": done.measured.model_copy(update={"memory": memory})}))
        steps.append(not_run("flask", 400))
    run = results(steps)
    return run.model_copy(update={"options": run.options.model_copy(update={"repeats": 2})})


RUN = fabricated()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write.write_comparison(RUN, tmp_path_factory.mktemp("report") / "report.html").as_uri()


def drawn(visited: Visit) -> Page:
    """Wait until the scripts have drawn all charts, and return the page."""
    expect(visited.page.locator("html")).to_have_attribute("data-drawn", "all", timeout=DRAWN_WITHIN)
    return visited.page


@pytest.fixture(scope="module")
def live(visit_for_all: Opens, address: str) -> Visit:
    """Return a visit of the page with all charts drawn, for all tests that need no fresh page."""
    visited = visit_for_all(address)
    drawn(visited)
    return visited


@pytest.fixture
def page(live: Visit) -> Iterator[Page]:
    """Yield the shared page, and undo the choices of the test and its choice of medium."""
    yield live.page
    live.page.emulate_media(media="screen")
    for select in live.page.locator("select").all():
        if select.input_value() != str(USERS[-1]):
            select.select_option(str(USERS[-1]))


@pytest.fixture(scope="module")
def dark(visit_for_all: Opens, address: str) -> Page:
    """Return the page as a reader sees it who prefers dark."""
    return drawn(visit_for_all(address, colours="dark"))


@pytest.fixture(scope="module")
def still(visit_for_all: Opens, address: str) -> Page:
    """Return the page without scripts, which its tables do not need."""
    return visit_for_all(address, javascript=False).page


def contrasts_of(page: Page) -> list[float]:
    """Return the contrast of each text of a chart."""
    return [contrast(written(ink), written(ground)) for ink, ground in page.evaluate(COLOURS)]


def windows(service: str, users: int) -> list[Measured]:
    return [
        each.measured
        for each in RUN.steps
        if (each.service, each.load.amount) == (service, users) and each.measured is not None
    ]


def steps() -> Iterator[tuple[str, int]]:
    return ((service, users) for service in SERVICES for users in USERS)


def bars(service: str, users: int) -> int:
    """Return the number of bars of the first requests of a service: each waits, and some first wait for a worker.

    A bar is drawn if it begins before the end of the picture and is long enough to be seen.
    """
    until = end([row for row in rows(RUN) if row.load.amount == users])
    first = windows(service, users)[0].first
    began = [(each.sent, each.began) for each in first] + [(each.began, each.began + each.waited) for each in first]
    worked = [(each.began + each.waited, each.ended or 0.0) for each in first]
    return sum(begin < until and over - begin >= SEEN * until for begin, over in [*began, *worked])


def marks(page: Page, chart: str, kind: str) -> Locator:
    """Return the marks of one kind: symbols, bars, texts or rules. A line is one mark in its own group."""
    return page.locator(f"#{chart} g.mark-{kind}.role-mark > *")


def table(page: Page, picture: str) -> list[list[str]]:
    found: list[list[str]] = page.locator(f"#{picture} tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return found


def test_the_report_opens_from_a_file_asks_for_nothing_else_and_has_no_errors(live: Visit, address: str) -> None:
    assert live.requests == [address]
    assert live.errors == []


def test_every_chart_has_its_marks(page: Page) -> None:
    expect(page.locator(".picture")).to_have_count(len(PICTURES))
    measured = len(list(steps()))
    expect(marks(page, "throughput-1", "symbol")).to_have_count(measured + len(KNEES))
    expect(marks(page, "throughput-1", "rule")).to_have_count(measured + len(KNEES) + len(SERVICES))
    knees = [f"{name}: knee {users}" for name, users in KNEES.items()]
    expect(marks(page, "throughput-1", "text")).to_have_text([*knees, *SERVICES])
    expect(marks(page, "latency-1", "symbol")).to_have_count(len(RANKS) * len(SERVICES))
    expect(marks(page, "latency-1", "text")).to_have_count(len(SERVICES))
    for place, service in enumerate(SERVICES, start=1):
        expect(marks(page, f"swimlane-{place}", "rect")).to_have_count(bars(service, USERS[-1]))
    expect(marks(page, "whereabouts-1", "rect")).to_have_count(measured + QUEUES)  # working is too short to be seen
    expect(marks(page, "memory-1", "symbol")).to_have_count(measured)


def test_an_inconclusive_step_is_hollow(page: Page) -> None:
    points = marks(page, "throughput-1", "symbol").evaluate_all("all => all.map(each => each.getAttribute('fill'))")
    hollow = marks(page, "memory-1", "symbol").evaluate_all("all => all.map(each => each.getAttribute('fill'))")
    assert points.count("#ffffff") == hollow.count("#ffffff") == 1


def test_throughput_in_the_table_is_what_was_measured(still: Page) -> None:
    found = {(row[0], int(row[1])): row for row in table(still, "throughput")}
    assert len(found) == len(list(steps())) + 1
    for service, users in steps():
        seen = windows(service, users)
        rates = [(each.requests - each.failures) / each.seconds for each in seen]
        rate = sum(each.requests - each.failures for each in seen) / sum(each.seconds for each in seen)
        foretold = next(each.predicted for each in RUN.steps if (each.service, each.load.amount) == (service, users))
        assert foretold
        bound = "inconclusive" if (service, users) == ("flask", 10) else foretold.bound
        assert found[service, users][2:] == [
            f"{foretold.throughput:.1f}",
            f"{rate:.1f}",
            f"±{(max(rates) - min(rates)) / 2:.1f}",
            f"{rate / foretold.throughput:.2f}",
            bound,
        ]
    assert found["flask", 400][3] == "not run"


def test_latency_in_the_table_is_what_was_measured(still: Page) -> None:
    for row in table(still, "latency"):
        seen = windows(row[0], int(row[1]))
        assert row[2] == str(sum(each.requests for each in seen))
        ((milliseconds, _),) = seen[0].latency.items()  # all took the same time
        expected = f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
        assert row[3] == str(sum(each.failures for each in seen))
        assert set(row[6:9]) <= {expected, "too few"}
        assert row[6] == expected


def test_the_first_requests_in_the_table_are_those_that_were_measured(still: Page) -> None:
    found = table(still, "swimlane")
    for service, users in steps():
        first = windows(service, users)[0].first
        *lanes, whole = [row for row in found if row[:2] == [service, str(users)]]
        assert whole[2].endswith(" of their time waiting for a worker")
        processes = {each.served_by.split("; ")[1] for each in first}
        assert len(lanes) == len(processes)
        assert sum(int(row[3]) for row in lanes) == len(first)
        assert max(float(row[6]) for row in lanes) == pytest.approx(max(each.ended or 0 for each in first), abs=0.006)


def test_where_the_time_went_in_the_table_is_what_was_measured(still: Page) -> None:
    found = {(row[0], int(row[1])): [float(cell) for cell in row[2:6]] for row in table(still, "whereabouts")}
    assert list(found) == list(steps())
    for (service, users), (worker, wait, work, whole) in found.items():
        told = [each.service_times for each in windows(service, users)]
        count = sum(each.requests for each in told)
        waited, served = (sum(getattr(each, name) for each in told) / count for name in ("waited_ms", "served_ms"))
        response = sum(each.response_ms for each in told) / count
        assert [worker, wait, work, whole] == pytest.approx(
            [response - served, waited, served - waited, response], abs=0.06
        )


def test_memory_in_the_table_is_what_was_measured(still: Page) -> None:
    for service, users, flight, memory, *_ in table(still, "memory"):
        seen = windows(service, int(users))
        in_flight = sum(each.response_ms for each in seen) / sum(each.seconds for each in seen) / 1000
        assert float(flight) == pytest.approx(in_flight, abs=0.06)
        assert float(memory) == pytest.approx(max(each.memory or 0 for each in seen) / 2**20, abs=0.06)


@pytest.mark.parametrize("picture", ["latency", "swimlane"])
def test_a_choice_changes_the_title_and_the_marks_and_is_made_by_keyboard(page: Page, picture: str) -> None:
    heading = page.locator(f"#{picture}-heading")
    select = page.locator(f"#{picture} select")
    expect(select).to_have_value(str(USERS[-1]))
    expect(heading).to_contain_text(" 50 users")
    select.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(select).to_have_value("1")
    expect(heading).to_contain_text(re.compile(r" 1 user\b"))
    if picture == "swimlane":
        expect(marks(page, "swimlane-1", "rect")).to_have_count(bars("flask", 1))
    else:
        before = marks(page, "latency-1", "symbol").first.get_attribute("transform")
        page.keyboard.press("ArrowDown")
        expect(heading).to_contain_text(" 10 users")
        expect(marks(page, "latency-1", "symbol").first).not_to_have_attribute("transform", before or "")


@pytest.mark.parametrize("picture", ["latency", "swimlane"])
def test_a_choice_changes_what_every_chart_is_described_by(page: Page, picture: str) -> None:
    heading = page.locator(f"#{picture}-heading")
    charts = page.locator(f"#{picture} .chart").all()
    assert len(charts) == (3 if picture == "swimlane" else 1)
    for users in ("1", "10"):
        page.locator(f"#{picture} select").select_option(users)
        expect(heading).to_contain_text(re.compile(rf" {users} users?\b"))
        conclusion = heading.text_content() or ""
        for chart in charts:
            told = f"{chart.get_attribute('data-description')} {conclusion}."
            expect(chart.locator("svg > desc")).to_have_text(told)
            expect(chart.locator("svg > title")).to_have_text(chart.get_attribute("data-title") or conclusion)


@pytest.mark.parametrize("picture", ["latency", "swimlane"])
def test_a_figure_without_a_choice_says_for_how_many_users_it_is_drawn(page: Page, still: Page, picture: str) -> None:
    expect(still.locator(f"#{picture} noscript p")).to_be_visible()
    expect(still.locator(f"#{picture} noscript p")).to_contain_text("Shown for 50 users; ")
    expect(page.locator(f"#{picture} noscript p")).to_have_count(0)


def test_after_a_reload_the_choice_the_title_and_the_marks_agree(visit: Opens, address: str) -> None:
    visited = visit(address)
    drawn(visited).locator("#swimlane select").select_option("1")
    visited.page.reload()
    page = drawn(visited)
    expect(page.locator("#swimlane select")).to_have_value("50")
    expect(page.locator("#swimlane-heading")).to_contain_text(" 50 users")
    expect(marks(page, "swimlane-3", "rect")).to_have_count(bars("aiohttp", 50))


def test_light_and_dark_are_readable_and_differ(page: Page, dark: Page) -> None:
    seen: dict[str, Any] = {}
    for colours, shown in (("light", page), ("dark", dark)):
        contrasts = contrasts_of(shown)
        assert len(contrasts) > 50
        assert min(contrasts) >= READABLE, colours
        seen[colours] = shown.evaluate(
            """() => ["body", ".caption", "#throughput-1 text", ".command", "#swimlane-1 .role-axis-domain line"]
              .map(each => getComputedStyle(document.querySelector(each)))
              .map(each => [each.color, each.backgroundColor, each.fill, each.stroke].join())"""
        )
    for one, other in zip(seen["light"], seen["dark"], strict=True):
        assert one != other


@pytest.mark.parametrize("javascript", [True, False])
def test_nothing_is_wider_than_a_phone(visit: Opens, address: str, javascript: bool) -> None:
    visited = visit(address, width=380, javascript=javascript)
    page = drawn(visited) if javascript else visited.page
    assert_fits(page)


def assert_fits(page: Page) -> None:
    width = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    for _ in range(2):
        scroll, client = page.evaluate(width)
        assert scroll <= client == 380
        page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
    overflowing = page.locator(".chart svg").evaluate_all(
        "all => all.filter(each => each.getBoundingClientRect().right > innerWidth).length"
    )
    assert overflowing == 0


def test_without_scripts_the_pictures_stand_still_and_nothing_is_offered_that_does_nothing(
    visit: Opens, address: str
) -> None:
    visited = visit(address, javascript=False)
    page = visited.page
    assert (visited.requests, visited.errors) == ([address], [])
    for choice in page.locator(".choice").all():
        expect(choice).to_be_hidden()
    expect(page.locator(".chart svg")).to_have_count(len(PICTURES) - 1 + len(SERVICES))
    for chart in page.locator(".chart svg").all():
        expect(chart).to_be_visible()
    expect(marks(page, "throughput-1", "symbol")).to_have_count(len(list(steps())) + len(KNEES))
    expect(marks(page, "swimlane-3", "rect")).to_have_count(bars("aiohttp", 50))
    expect(marks(page, "whereabouts-1", "rect")).to_have_count(len(list(steps())) + QUEUES)
    page.locator("#throughput summary").click()
    expect(page.locator("#throughput table")).to_be_visible()
    assert len(table(page, "throughput")) == len(list(steps())) + 1


@pytest.mark.parametrize("javascript", [True, False])
def test_every_chart_is_an_image_with_a_title_and_a_description(live: Visit, still: Page, javascript: bool) -> None:
    page = live.page if javascript else still
    charts = page.locator(".chart svg[role=img]").all()
    assert len(charts) == page.locator(".chart").count() == 7
    for chart in charts:
        names = (chart.get_attribute("aria-labelledby") or "").split()
        assert len(names) == 2
        for name, tag in zip(names, ("title", "desc"), strict=True):
            told = chart.locator(f":scope > {tag}#{name}")
            assert len(told.text_content() or "") > 10
    ids: list[str] = page.locator("[id]").evaluate_all("all => all.map(each => each.id)")
    assert len(ids) == len(set(ids))


def test_the_tab_key_reaches_what_can_be_used_in_the_order_of_the_page(visit: Opens, address: str) -> None:
    page = drawn(visit(address))
    reached: list[str] = []
    while len(reached) < 60:
        page.keyboard.press("Tab")
        focused: str = page.evaluate(FOCUSED)
        if reached and focused == "BODY":
            break
        reached.append(focused)
    usable = [each for each in reached if each.partition(" ")[0] in ("A", "SELECT", "SUMMARY")]
    assert usable == [
        *("A skip", "SUMMARY", "SELECT latency", "SUMMARY", "SELECT swimlane"),
        *["SUMMARY"] * 3,
    ]
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()


def test_paper_has_the_verdict_and_the_pictures(page: Page) -> None:
    page.emulate_media(media="print")
    for sentence in page.locator(".verdict li").all():
        expect(sentence).to_be_visible()
    for chart in page.locator(".chart svg").all():
        expect(chart).to_be_visible()
    expect(page.locator(".choice").first).to_be_hidden()
    sides = page.locator(".chart svg").evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    assert min(sides) > 50


def test_paper_is_white_where_the_screen_is_dark(dark: Page) -> None:
    dark.emulate_media(media="print", color_scheme="dark")
    try:
        assert min(contrasts_of(dark)) >= READABLE
        assert dark.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        dark.emulate_media(media="screen", color_scheme="dark")


@pytest.mark.parametrize("text", [HOSTILE[1], HOSTILE[2], HOSTILE[-2]])
def test_a_hostile_name_does_nothing_but_stand_there(visit: Opens, tmp_path: Path, text: str) -> None:
    address = write.write_comparison(hostile(text), tmp_path / "report.html").as_uri()
    visited = visit(address, width=380)
    page = drawn(visited)
    marks(page, "throughput-1", "symbol").first.hover()
    expect(page.locator("#vg-tooltip-element")).to_be_visible()
    expect(page.locator("#vg-tooltip-element")).to_contain_text(printable(text)[:50])
    assert visited.dialogs == []
    assert visited.errors == []
    assert visited.requests == [address]
    expect(page.locator("img, iframe, object, embed")).to_have_count(0)
    expect(page.locator("h1")).to_contain_text(printable(text))
    assert_fits(page)
