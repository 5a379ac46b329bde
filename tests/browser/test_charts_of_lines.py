"""Tests of throughput and of latency by rate in a browser: no label overlaps another or leaves the chart."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from loadtest.contenders.service import lineup
from loadtest.report import comparison as one
from loadtest.report.figures import goodput, rates, throughput
from loadtest.report.figures.picture import Picture
from loadtest.report.page import html
from loadtest.report.vega import being_packed
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import rows
from loadtest.workload.open import Open
from tests.browser.support.visits import Opens
from tests.loadtest.support.arrivals import DEADLINE, RUN, limited, open_run, refusing
from tests.loadtest.support.fabricated import open_step, results, step, stuck

pytestmark = pytest.mark.slow

DRAWN_WITHIN = 60_000
"""Milliseconds until all charts are drawn."""

USERS = (1, 5, 10, 50, 100, 400)

SETTINGS = {
    "flask-threads": "flask-threads:workers=1,threads=200",
    "flask-gevent": "flask-gevent:workers=2,pool-size=40,max-in-flight=1000",
    "aiohttp": "a-name-of-a-service-without-any-spaces-that-is-far-too-long",
}

TEXTS = """svg => {
  const sides = ({ left, right, top, bottom }) => [left, right, top, bottom];
  const box = each => sides(each.getBoundingClientRect());
  const seen = each => each.textContent.trim() && each.getAttribute("opacity") !== "0";
  return [box(svg), ...[...svg.querySelectorAll("text")].filter(seen).map(each => [each.textContent, ...box(each)])];
}"""
"""Returns the box of a chart and of each text in it that can be seen: Vega hides labels of an axis that overlap."""

TOUCH = 1.0
"""Pixels that boxes may have in common: a box includes the space around letters."""


def renamed(run: Results, names: dict[str, str]) -> Results:
    return run.model_copy(
        update={
            "contenders": [
                each.model_copy(update={"name": names.get(each.name, each.name)}) for each in run.contenders
            ],
            "steps": [each.model_copy(update={"service": names.get(each.service, each.service)}) for each in run.steps],
        }
    )


def of_users() -> dict[str, Results]:
    """Return runs of closed loads: few services and many, equal lines, long names, deadlocks, doubts, one step."""
    few = results(
        [step(name, users) for name in ("flask", "flask-threads", "flask-gevent", "aiohttp") for users in USERS]
    )
    asked = [step(name, users, scenario="ask") for name in ("flask-threads", "aiohttp") for users in (1, 10, 20)]
    locked = [step("flask", 1, scenario="ask"), stuck("flask", 10), stuck("flask", 20)]
    doubtful = [step(name, users, doubts=["a doubt"]) for name in ("flask", "aiohttp") for users in (1, 50)]
    return {
        "few": few,
        "many": results([step(name, users) for name in lineup(2) for users in USERS]),
        "settings": renamed(few, SETTINGS),
        "deadlock": results([*asked, *locked], scenario="ask"),
        "doubts": results(doubtful),
        "one-step": results([step(name, 1) for name in ("flask", "aiohttp")]),
    }


def of_arrivals() -> dict[str, Results]:
    """Return runs of open loads: services that diverge and refuse, equal lines, doubts, one rate."""
    refused = [refusing(limited(32), Open(rate)) for rate in (100, 800)]
    doubtful = [open_step("flask", Open(rate), doubts=["a doubt"]) for rate in (20, 30, 40, 100, 120)]
    return {
        "diverging": open_run([*RUN, *refused], deadline=DEADLINE, contenders=[limited(32)]),
        "equal": open_run([open_step(name, Open(rate)) for name in ("django", "sanic") for rate in (60, 70, 80, 90)]),
        "doubts": open_run([*doubtful, *(open_step("aiohttp", Open(rate)) for rate in (20, 120))], deadline=DEADLINE),
        "one-rate": open_run([open_step("aiohttp", Open(20))]),
    }


def pictures() -> list[Picture]:
    """Return the pictures of all runs, with names of their own."""
    drawn: list[Picture] = []
    for name, run in of_users().items():
        drawn.append(replace(throughput.picture(run, rows(run)), name=f"throughput-{name}"))
    for name, run in of_arrivals().items():
        drawn.append(replace(rates.picture(run, rows(run)), name=f"rates-{name}"))
        if shares := goodput.picture(run, rows(run), Open(100)):
            drawn.append(replace(shares, name=f"goodput-{name}"))
    return drawn


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write one report with the pictures of all runs, and return its address."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    page = replace(one.page(results([step("flask", 1)])), pictures=pictures())
    with being_packed() as library:
        path.write_text(html(page, library), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [1280, 380])
def test_no_label_overlaps_another_or_leaves_its_chart_and_nothing_warns(
    visit: Opens, address: str, width: int
) -> None:
    visited = visit(address, width=width)
    expect(visited.page.locator("html")).to_have_attribute("data-drawn", "all", timeout=DRAWN_WITHIN)
    assert (visited.errors, visited.warnings) == ([], [])
    charts = visited.page.locator(".chart").all()
    assert len(charts) >= 15
    for chart in charts:
        (left, right, top, bottom), *texts = chart.locator("svg").evaluate(TEXTS)
        name = chart.get_attribute("id")
        assert len(texts) >= 5, name
        for place, (text, *box) in enumerate(texts):
            assert left - TOUCH <= box[0], (name, text)
            assert box[1] <= right + TOUCH, (name, text)
            assert top - TOUCH <= box[2], (name, text)
            assert box[3] <= bottom + TOUCH, (name, text)
            assert not [other for other, *its in texts[:place] if _overlap(box, its)], (name, text)


def _overlap(one: list[float], other: list[float]) -> bool:
    """Return True if two boxes (left, right, top, bottom) have more than their edges in common."""
    return all(min(one[end + 1], other[end + 1]) - max(one[end], other[end]) > TOUCH for end in (0, 2))
