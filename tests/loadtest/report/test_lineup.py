"""Tests of the line-up report: its title, its figures, and escaping of names."""

import json
import re
from pathlib import Path

import pytest
import vl_convert

from loadtest.contenders.service import lineup
from loadtest.report import lineup as frameworks
from loadtest.report import write
from loadtest.report.figures.bars import Bar, chart
from loadtest.report.figures.theme import finished
from loadtest.report.page import Page
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ
from loadtest.verdict.lineup import CAUTION
from tests.loadtest.support.fabricated import lineup_of
from tests.loadtest.support.hostile import HOSTILE, hostile, printable
from tests.loadtest.support.pages import ATTRIBUTES, MOST, PARTS, SHAPES, Reader, records

pytestmark = pytest.mark.slow

NAMES = [*lineup(2)]

SORTED = [*NAMES[5:], "flask-threads", "django", "pyramid", "flask", "flask-async"]
"""By kind and, within it, by throughput at 200 users, which is equal for all without slots."""

ALL = lineup_of()


def doubtful(service: str, users: int) -> dict[str, Results]:
    """Return the whole line-up with one inconclusive step of the waiting test."""
    steps = [
        each.model_copy(update={"doubts": ["a doubt"] if (each.service, each.load.amount) == (service, users) else []})
        for each in ALL[DELAY].steps
    ]
    return {**ALL, DELAY: ALL[DELAY].model_copy(update={"steps": steps})}


def cells(page: Page, service: str) -> dict[str, str]:
    """Return a service's cells by column heading and its number, because headings repeat."""
    heads = [f"{head} {page.table.head[:place].count(head)}" for place, head in enumerate(page.table.head)]
    (row,) = [row for row in page.table.rows if row[0] == service]
    return dict(zip(heads, row, strict=True))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write.write_lineup(ALL, tmp_path_factory.mktemp("lineup") / "lineup.html").read_text(encoding="utf-8")


def test_the_title_of_the_page_is_a_conclusion_and_the_caution_comes_before_anything_else() -> None:
    page = frameworks.page(ALL)
    assert page.headline == (
        "At 200 users flask-gevent and 5 others serve the same 2,000 requests a second; 64 threads cap flask-threads, "
        "django and pyramid at 640 each, 5 processes cap flask and flask-async at 50.0 each"
    )
    assert page.verdict[0] == (
        "At 200 users all 5 services with too few slots are capped by their slots; all 6 others keep up, "
        "regardless of framework."
    )
    assert page.warnings == [CAUTION]
    assert page.about.startswith("Sorted by kind, then by requests a second at 200 users.")


def test_a_service_has_one_row_with_everything() -> None:
    page = frameworks.page(ALL)
    assert [row[0] for row in page.table.rows] == SORTED
    assert cells(page, "django") == {
        "service 0": "django",
        "kind 0": "blocking",
        "software 0": "Django 1.0, gunicorn 1.0",
        "processes x threads = slots 0": "2 x 32 = 64",
        **{"1 user 0": "10.0", "ratio 0": "1.00", "40 users 0": "400", "ratio 1": "1.00"},
        **{"200 users 0": "640", "ratio 2": "1.00", "/cpu 0": "20.0", "ratio 3": "1.00"},
        **{"/healthz 0": "213", "ratio 4": "", "/healthz, µs 0": "2344", "200 users, µs 0": "781"},
        "200 users, MiB 0": "100",
        "lines 0": "100",
    }


def test_what_is_inconclusive_is_in_brackets_hollow_and_listed_with_its_reason() -> None:
    page = frameworks.page(doubtful("sanic", 200))
    found = cells(page, "sanic")
    assert (found["200 users 0"], found["ratio 2"], found["200 users, µs 0"]) == ("(2000)", "(1.00)", "(250)")
    assert found["40 users 0"] == "400"
    (bar,) = [each for each in page.panels[2].bars if each.service == "sanic"]
    assert (bar.holds, bar.label) == (False, "(2,000)")
    assert "sanic cannot be judged" in page.headline
    assert page.doubts == ["sanic is inconclusive in scenario delay at 200 users: a doubt."]


def test_no_title_rests_on_what_is_inconclusive() -> None:
    page = frameworks.page(lineup_of(doubts=["a doubt"]))
    assert page.headline == "Nothing can be concluded: no measured step can be trusted"
    assert page.verdict == ["At 200 users no measurement can be trusted."]
    assert [picture.title for picture in page.pictures] == [
        "The frameworks' cost is unknown: no measurement of /healthz can be trusted",
    ]


def test_every_number_of_users_and_both_controls_have_a_figure_of_all_services() -> None:
    page = frameworks.page(ALL)
    assert [panel.heading for panel in page.panels] == ["1 user", "40 users", "200 users"]
    for panel in page.panels:
        assert [bar.service for bar in panel.bars] == SORTED
        assert all(bar.tick == bar.length for bar in panel.bars)
    (controls,) = page.pictures
    assert len(controls.figures) == 2
    for figure in controls.figures:
        bars = [each for each in records(figure.chart) if "label" in each]
        assert [bar["service"] for bar in bars] == SORTED
        predicted = figure is not controls.figures[0]  # the model does not predict framework overhead
        assert all((bar["predicted"] is not None) == predicted for bar in bars)
        assert vl_convert.vegalite_to_svg({**finished(figure.chart), "width": 300}).startswith("<svg")


def test_what_was_not_measured_is_said_and_drawn_as_nothing() -> None:
    page = frameworks.page({DELAY: ALL[DELAY].model_copy(update={"complete": False})})
    assert page.warnings[1:] == [
        "Scenario cpu was not measured.",
        "Scenario healthz was not measured.",
        "Scenario delay was interrupted.",
    ]
    bars = [each for each in records(page.pictures[0].figures[1].chart) if "label" in each]
    assert {bar["label"] for bar in bars} == {"not measured"}
    assert cells(page, "flask")["/cpu 0"] == "-"


def test_comparisons_of_two_machines_say_that_they_are() -> None:
    other = ALL[CPU].machine.model_copy(update={"packages": {"aiohttp": "4.0"}})
    page = frameworks.page({**ALL, CPU: ALL[CPU].model_copy(update={"machine": other})})
    assert page.warnings[1].startswith("The comparisons differ in machine or software versions")


def test_the_exact_commands_are_told_once() -> None:
    names = [name for name, _ in frameworks.page(ALL).commands]
    assert names[:2] == ["This run", "The load generator"]
    assert [name.partition(": ")[0] for name in names[2:]] == NAMES
    assert "django: Django 1.0, gunicorn 1.0" in names


@pytest.mark.parametrize("values", [[], [None], [0.0], [1.0, None]])
def test_bars_of_whatever_there_is_can_be_drawn(values: list[float | None]) -> None:
    bars = [Bar(f"service {place}", "blocking", value) for place, value in enumerate(values)]
    drawn = chart(bars, "requests a second", str)
    drawn.to_dict(validate=True)
    assert vl_convert.vegalite_to_svg({**finished(drawn), "width": 300}).startswith("<svg")


@pytest.mark.parametrize("text", [HOSTILE[1], HOSTILE[2], HOSTILE[5]])
def test_a_name_is_text_wherever_it_stands(text: str, tmp_path: Path) -> None:
    run = hostile(text)
    named = {
        way: run.model_copy(update={"options": run.options.model_copy(update={"scenario": way})})
        for way in (DELAY, CPU, HEALTHZ)
    }
    path = write.write_lineup(named, tmp_path / "lineup.html")
    page = Reader(path.read_text(encoding="utf-8"))
    assert {tag for tag, _ in page.elements} <= PARTS | SHAPES
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert {name: value for name, value in attributes.items() if name in ATTRIBUTES and value != "#pictures"} == {}
    assert "".join(page.texts).count(printable(text)) >= 8


def test_nothing_in_it_is_fetched_and_it_is_not_too_large(drawn: str) -> None:
    page = Reader(drawn)
    policy = next(attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes)
    assert policy
    assert policy.split("; ")[0] == "default-src 'none'"
    assert len(drawn.encode()) <= MOST / 2
    for attributes, code in page.scripts:
        if attributes.get("type") == "application/json":
            assert '"url"' not in code
            assert "//" not in code.replace(json.loads(code)["$schema"], "")


def test_what_is_pointed_to_is_there_once(drawn: str) -> None:
    elements = Reader(drawn).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [attributes.get("aria-labelledby") or "" for _, attributes in elements]
    assert {name for each in named for name in each.split()} <= set(ids)


def test_the_table_of_the_page_has_a_caption_and_each_row_a_head(drawn: str) -> None:
    tags = [tag for tag, _ in Reader(drawn).elements]
    panels = 3
    assert tags.count("table") == tags.count("caption") == panels + 1
    assert tags.count("tr") == (panels + 1) * len(NAMES) + 1
    assert len(re.findall('<th scope="row">', drawn)) == (panels + 1) * len(NAMES)
