"""Tests of the picture and the page of a search for capacity."""

from pathlib import Path
from typing import Any

import pytest

from loadtest.report import capacity as report
from loadtest.report import write
from loadtest.report.figures import capacity
from loadtest.report.figures.picture import WIDTHS
from loadtest.report.figures.theme import PAPER
from loadtest.report.page import OPEN
from loadtest.results.capacity import Probe
from loadtest.results.schema import Results, load, save
from tests.loadtest.support.capacities import probe, searched
from tests.loadtest.support.fabricated import results, step
from tests.loadtest.support.pages import MOST, PARTS, SHAPES, Reader, records

PASSED = probe(38.0, "passed", 0.002, 0.001, 0.008)
UNDECIDED = probe(40.0, "undecided", 0.012, 0.004, 0.03)
FAILED = probe(41.5, "failed", 0.05, 0.03, 0.09)
INCONCLUSIVE = probe(45.0, "inconclusive", 0.0, 0.0, 1.0)

FLASK = [PASSED, UNDECIDED, FAILED, INCONCLUSIVE]
RUN = searched({"flask": FLASK, "flask-threads": [PASSED, FAILED], "aiohttp": [probe(1500.0, "passed", 0, 0, 0.004)]})


@pytest.fixture(autouse=True)
def _replays_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "REPLAYED", 500)


def drawn(run: Results, service: str = "flask") -> dict[str, Any]:
    """Return the specification of the chart of one service."""
    (found,) = [each for each in run.capacities if each.service == service]
    (known,) = [each for each in run.contenders if each.name == service]
    return capacity.chart(run, found, known).to_dict()


def rows(run: Results, service: str = "flask") -> list[dict[str, Any]]:
    (found,) = [each for each in run.capacities if each.service == service]
    (known,) = [each for each in run.contenders if each.name == service]
    return records(capacity.chart(run, found, known))


def test_each_service_has_a_chart_whose_heading_is_its_answer() -> None:
    picture = capacity.picture(RUN)
    assert picture
    assert [figure.heading for figure in picture.figures] == [
        "flask: 38.0 to 41.5 arrivals/s",
        "flask-threads: 38.0 to 41.5 arrivals/s",
        "aiohttp: at least 1500 arrivals/s",
    ]
    assert picture.title.startswith("For p99<500ms: flask 38.0 to 41.5 arrivals/s (slots), flask-threads ")


@pytest.mark.parametrize(("number", "abreast"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)])
def test_charts_stand_side_by_side(number: int, abreast: int) -> None:
    names = ("flask", "flask-threads", "flask-gevent", "django", "aiohttp")[:number]
    picture = capacity.picture(searched({name: [PASSED, FAILED] for name in names}))
    assert picture
    assert picture.abreast == abreast
    assert {figure.width for figure in picture.figures} == {WIDTHS[abreast]}


def test_the_range_between_the_bounds_is_shaded_and_an_open_one_is_not() -> None:
    (shade,) = [row for row in rows(RUN) if "until" in row]
    assert (shade["rate"], shade["until"], shade["share"], shade["top"]) == (38.0, 41.5, 0, 1)
    assert not [row for row in rows(RUN, "aiohttp") if "until" in row]


def test_a_decided_probe_is_dark_and_an_undecided_one_is_pale_each_with_its_interval() -> None:
    marks = [row for row in rows(RUN) if row.get("outcome") not in (None, "inconclusive")]
    assert [(row["rate"], row["outcome"], row["decided"], row["low"], row["share"], row["high"]) for row in marks] == [
        (38.0, "passed", True, 0.001, 0.002, 0.008),
        (40.0, "undecided", False, 0.004, 0.012, 0.03),
        (41.5, "failed", True, 0.03, 0.05, 0.09),
    ]


def layers(chart: dict[str, Any], outcome: str) -> list[dict[str, Any]]:
    """Return the layers whose data has a probe with this outcome."""
    return [
        layer
        for layer in chart["layer"]
        if any(row.get("outcome") == outcome for row in chart["datasets"][layer["data"]["name"]])
    ]


def test_an_inconclusive_probe_is_hollow_and_has_no_share() -> None:
    (layer,) = layers(drawn(RUN), "inconclusive")
    assert layer["encoding"]["y"] == {"value": -capacity.ABOVE}  # above the plot, where no share can be read
    assert [row["rate"] for row in rows(RUN) if row.get("says") == "(inconclusive)"] == [45.0]
    assert (layer["mark"]["type"], layer["mark"]["fill"]) == ("point", PAPER)
    assert len(layers(drawn(RUN), "passed")) == 2  # the interval and the mark
    (unknown,) = [row for row in _table(RUN) if row["outcome"] == "inconclusive"]
    assert unknown["share missed"] == "-"


def test_the_share_that_each_objective_allows_is_a_line() -> None:
    run = searched({"flask": FLASK}, ("p99<500ms", "errors<0.1%"))
    assert [row["share"] for row in rows(run) if row.keys() == {"share"}] == [0.01, 0.001]


def test_the_predicted_share_grows_with_the_rate_to_all_above_the_capacity() -> None:
    curve = rows(searched({"flask": [PASSED, probe(60.0, "failed", 1.0, 0.9, 1.0)]}))
    points = [(row["rate"], row["share"]) for row in curve if row.keys() == {"rate", "share"}]
    assert len(points) == capacity.POINTS + 1
    assert (points[0][1], points[-1][1]) == (0.0, 1.0)
    assert {share for rate, share in points if rate > 50} == {1.0}  # five slots of 100 ms


def test_nothing_is_predicted_without_a_model() -> None:
    known = [each.model_copy(update={"demand": None}) for each in RUN.contenders]
    assert not [row for row in rows(RUN.model_copy(update={"contenders": known})) if row.keys() == {"rate", "share"}]


@pytest.mark.parametrize("tried", [[PASSED], [FAILED], [INCONCLUSIVE], [UNDECIDED]])
def test_a_search_with_one_probe_is_drawn(tried: list[Probe]) -> None:
    assert drawn(searched({"flask": tried}))["layer"]


def test_a_run_that_did_not_search_has_no_picture() -> None:
    assert capacity.picture(results([step("flask", 1)])) is None
    assert capacity.picture(searched({"flask": []})) is None


def test_the_caption_says_of_which_objective_the_shares_are() -> None:
    one, several = (
        capacity.picture(searched({"flask": FLASK}, asked)) for asked in (("p99<1s",), ("p99<1s", "p50<1s"))
    )
    assert one
    assert several
    assert "arrivals that missed the objective, with its 95% interval. Dashed: the share by a replay" in one.caption
    assert "that missed the objective that is hardest to meet, with its 95% interval." in several.caption
    assert "Dashed: the share that misses p99<1s by a replay of the model." in several.caption


def test_the_caption_explains_the_marks_that_are_drawn() -> None:
    for tried, told in (
        ([PASSED], "Circle: passed."),
        (
            [PASSED, FAILED],
            "Shaded: from the highest rate that passed to the lowest that failed. Circle: passed; square: failed.",
        ),
        ([UNDECIDED, INCONCLUSIVE], "Pale diamond: undecided; hollow, above the plot: inconclusive."),
    ):
        picture = capacity.picture(searched({"flask": tried}))
        assert picture
        assert picture.caption.endswith(f"allows. {told}")


def _table(run: Results) -> list[dict[str, str]]:
    picture = capacity.picture(run)
    assert picture
    return [dict(zip(picture.table.head, row, strict=True)) for row in picture.table.rows]


def test_the_table_has_every_probe() -> None:
    table = _table(RUN)
    assert [(row["service"], row["rate"], row["outcome"]) for row in table] == [
        *(("flask", rate, outcome) for rate, outcome in (("38.0", "passed"), ("40.0", "undecided"))),
        *(("flask", rate, outcome) for rate, outcome in (("41.5", "failed"), ("45.0", "inconclusive"))),
        *(("flask-threads", rate, outcome) for rate, outcome in (("38.0", "passed"), ("41.5", "failed"))),
        ("aiohttp", "1500", "passed"),
    ]
    assert (table[0]["share missed"], table[0]["found"], table[0]["windows"]) == ("0.10% to 0.80%", "38.0 to 41.5", "2")


def test_the_page_has_the_answer_the_picture_and_the_doubts() -> None:
    page = report.page(RUN)
    assert page.title == "capacity of flask, flask-threads, aiohttp: delay, 100ms"
    assert page.headline == page.pictures[0].title
    assert f"{page.headline}." not in page.verdict
    assert page.picture_first
    assert page.doubts == ["No single answer for aiohttp after 1 probe: the time was over."]
    assert page.load == OPEN
    assert page.warnings == []
    assert report.page(RUN.model_copy(update={"complete": False})).warnings


def test_the_file_is_read_again_and_fetches_nothing(tmp_path: Path) -> None:
    read = load(save(RUN, tmp_path / "run"))
    assert read.capacities == RUN.capacities
    text = write.write_comparison(read, tmp_path / "report.html").read_text(encoding="utf-8")
    page = Reader(text)
    assert {tag for tag, _ in page.elements} <= PARTS | SHAPES
    assert len(text.encode()) < MOST
    assert len([None for _, attributes in page.elements if attributes.get("class") == "chart"]) == 3


def test_a_search_without_any_finding_has_a_page_of_its_own_too(tmp_path: Path) -> None:
    run = RUN.model_copy(update={"capacities": [], "complete": False})
    text = write.write_comparison(run, tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<h1 id="headline">Nothing was measured</h1>' in text
    assert "The run was interrupted. Only the probes measured until then are shown." in text
