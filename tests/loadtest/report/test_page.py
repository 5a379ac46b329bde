"""Tests of the HTML file of a report: escaping of names, size, and no fetches."""

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

import pytest
import vl_convert

from loadtest.contenders.service import lineup
from loadtest.report import comparison as one
from loadtest.report import write
from loadtest.results.schema import Results, load, save
from loadtest.verdict.aggregate import rows
from tests.loadtest.support.fabricated import results, step
from tests.loadtest.support.hostile import HOSTILE, hostile, printable
from tests.loadtest.support.pages import ATTRIBUTES, MOST, PARTS, SHAPES, Reader, strings

pytestmark = pytest.mark.slow

NAMESPACES = ("http://www.w3.org/",)
"""Addresses that are only names: nothing fetches them."""


def drawn(run: Results, tmp_path: Path) -> str:
    """Return the report of a run after writing it to a file and reading it again."""
    read = load(save(run, tmp_path / "run"))
    return write.write_comparison(read, tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def library() -> str:
    return vl_convert.javascript_bundle()  # type: ignore[call-arg] # its stub lacks the default


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_text_wherever_it_stands(text: str, library: str, tmp_path: Path) -> None:
    page = Reader(drawn(hostile(text), tmp_path))
    assert {tag for tag, _ in page.elements} <= PARTS | SHAPES
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert {name: value for name, value in attributes.items() if name in ATTRIBUTES and value != "#pictures"} == {}
    told = "".join(page.texts)
    assert told.count(text) >= 8
    assert told.count(printable(text)) >= 10
    charts = [json.loads(code) for attributes, code in page.scripts if attributes.get("type") == "application/json"]
    assert len(charts) == len([None for _, attributes in page.elements if attributes.get("class") == "chart"]) >= 4
    assert any(printable(text) in strings(chart) for chart in charts)
    assert all(each.isprintable() for chart in charts for each in strings(chart))
    assert [bool(attributes) for attributes, _ in page.scripts].count(False) == 1  # report.js
    (packed,) = [code for attributes, code in page.scripts if attributes.get("id") == "library"]
    assert gzip.decompress(b64decode(packed)).decode() == library


@pytest.mark.parametrize("text", HOSTILE[1:3])
def test_a_name_is_text_where_two_runs_are_drawn(text: str, tmp_path: Path) -> None:
    run = hostile(text)
    other = run.model_copy(update={"machine": run.machine.model_copy(update={"processor": f"{text}, another"})})
    page = Reader(write.write_before_after(run, other, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert {tag for tag, _ in page.elements} <= PARTS | SHAPES
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert f"{text} before, {text}, another after." in "".join(page.texts)


LINEUP = ("flask", "flask-threads", "flask-gevent", "aiohttp")


def whole_lineup(scenario: str, names: Sequence[str] = LINEUP) -> Results:
    """Return a run with four loads and two repeats per service; each step has first requests and a full histogram."""
    steps = []
    for name in names:
        for users in (25, 64, 200, 400):
            for repeat in (1, 2):
                done = step(name, users, repeat=repeat, scenario=scenario)
                assert done.measured
                many = {round(100 * 1.005**place, 1): 3 for place in range(900)}
                assert len(done.measured.first) >= 100
                window = done.measured.model_copy(update={"latency": many})
                steps.append(done.model_copy(update={"measured": window}))
    run = results(steps, scenario=scenario)
    return run.model_copy(update={"options": run.options.model_copy(update={"repeats": 2})})


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write.write_comparison(whole_lineup("query"), tmp_path_factory.mktemp("full") / "report.html")


def test_the_report_of_a_whole_line_up_is_not_too_large(full: Path) -> None:
    assert full.stat().st_size <= MOST


def test_the_report_of_every_framework_and_a_stranger_is_not_too_large_either(tmp_path: Path) -> None:
    dozen = [*lineup(2), "stranger"]
    assert len(dozen) == 12
    assert write.write_comparison(whole_lineup("mixed", dozen), tmp_path / "report.html").stat().st_size <= MOST


def test_nothing_in_it_is_fetched_from_anywhere(full: Path) -> None:
    page = Reader(full.read_text(encoding="utf-8"))
    policy = next(attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes)
    assert policy
    assert policy.split("; ")[0] == "default-src 'none'"
    assert "http" not in policy
    links = [value for _, attributes in page.elements for name, value in attributes.items() if name in ATTRIBUTES]
    assert set(links) == {"#pictures"}
    outside = "".join(page.texts) + "".join(
        str(value) for _, attributes in page.elements for value in attributes.values()
    )
    assert [each for each in re.findall(r"https?://\S*", outside) if not each.startswith(NAMESPACES)] == []
    assert {each[:5] for each in re.findall(r"url\(([^)]*)\)", outside)} <= {"#queu", "#pool", "#wait", "#work"} | {
        f"#{name[:4]}" for name in ("throughput", "latency", "swimlane", "whereabouts", "memory")
    }
    assert "@import" not in outside


def test_the_charts_of_a_page_name_no_address_but_that_of_their_schema(full: Path) -> None:
    page = Reader(full.read_text(encoding="utf-8"))
    for attributes, code in page.scripts:
        if attributes.get("type") == "application/json":
            assert {each for each in strings(json.loads(code)) if "//" in each} <= {json.loads(code)["$schema"]}
            assert '"url"' not in code


def test_no_two_elements_have_an_id_in_common(full: Path) -> None:
    ids = [
        attributes["id"] for _, attributes in Reader(full.read_text(encoding="utf-8")).elements if "id" in attributes
    ]
    assert len(ids) == len(set(ids)) > 20


def test_what_is_pointed_to_is_there(full: Path) -> None:
    text = full.read_text(encoding="utf-8")
    elements = Reader(text).elements
    ids = {attributes["id"] for _, attributes in elements if "id" in attributes}
    named = [attributes.get("aria-labelledby") or "" for _, attributes in elements]
    assert {name for each in named for name in each.split()} <= ids
    assert set(re.findall(r'url\(#([\w-]+)\)"', text.partition("<script>")[0])) <= ids


def test_a_table_has_a_caption_and_each_of_its_rows_a_head(full: Path) -> None:
    elements = Reader(full.read_text(encoding="utf-8")).elements
    tags = [tag for tag, _ in elements]
    panels = sum(attributes.get("class") == "panel" for _, attributes in elements)
    assert panels == 3
    assert tags.count("caption") == tags.count("table") == 5 + panels
    heads = [attributes.get("scope") for tag, attributes in elements if tag == "th"]
    assert heads.count("row") == tags.count("tr") - 5  # one row per table is the header, but panels have none
    assert set(heads) == {"row", "col"}


SMALL = results([step("flask", 1), step("aiohttp", 1)])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write.write_comparison(SMALL, tmp_path_factory.mktemp("small") / "report.html")


def test_a_description_ends_in_the_conclusion_that_the_figure_leaves_to_its_picture(small: Path) -> None:
    told = dict(re.findall(r'<desc id="([\w-]+)-desc">(.*?)</desc>', small.read_text(encoding="utf-8")))
    for picture in one.pictures(SMALL, rows(SMALL)):
        for place, figure in enumerate(picture.figures, start=1):
            assert told[f"{picture.name}-{place}"] == f"{figure.description} {picture.title}."
            assert picture.title not in figure.description


def test_the_report_is_the_same_whenever_it_is_drawn(small: Path, tmp_path: Path) -> None:
    assert write.write_comparison(SMALL, tmp_path / "report.html").read_bytes() == small.read_bytes()
