"""The bars of a page's first screen."""

from loadtest.report.comparison import page
from loadtest.report.page import named
from loadtest.report.panels import Bar, Panel, panels
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import rows
from tests.loadtest.support.arrivals import open_run
from tests.loadtest.support.fabricated import not_run, results, step


def drawn(run: Results) -> list[Panel]:
    return panels(run, rows(run))


def test_the_fewest_the_middle_and_the_most_load_have_a_panel_each() -> None:
    for loads, shown in (((1,), [1]), ((1, 10), [1, 10]), ((1, 10, 32), [1, 10, 32]), ((1, 2, 3, 4, 5), [1, 3, 5])):
        found = drawn(results([step(name, users) for name in ("flask", "aiohttp") for users in loads]))
        assert [panel.heading for panel in found] == [f"{n} user{'s' if n > 1 else ''}" for n in shown]
        assert all([bar.service for bar in panel.bars] == ["flask", "aiohttp"] for panel in found)
    assert drawn(results([])) == []


def test_a_bar_is_as_long_as_what_was_measured_beside_a_tick_at_what_was_predicted() -> None:
    doubted = step("aiohttp", 400, 0.2, doubts=["so"])
    (panel,) = drawn(results([not_run("flask", 400), step("flask-threads", 400), doubted]))
    assert panel.bars == [
        Bar("flask", "blocking", "not run: saturated", None, 50 / 4000, "predicted: 50.0", holds=False),
        Bar("flask-threads", "blocking", "640", 640 / 4000, 640 / 4000, "predicted: 640", holds=True),
        Bar("aiohttp", "non-blocking", "(2,000)", 2000 / 4000, 1.0, "predicted: 4,000", holds=False),
    ]


def test_an_open_load_is_drawn_by_a_percentile_that_is_known() -> None:
    found = drawn(open_run())
    assert [panel.what.partition(":")[0] for panel in found] == ["p90", "p90", "p90"]
    labels = [[(bar.service, bar.label) for bar in panel.bars] for panel in found]
    assert labels[0] == [("flask", "100 ms"), ("flask-threads", "100 ms"), ("aiohttp", "100 ms")]
    assert labels[1][0] == ("flask", "backlog grows")
    assert labels[2] == [("flask", "not run: diverges"), ("flask-threads", "backlog grows"), ("aiohttp", "100 ms")]


def test_the_name_that_a_sentence_begins_with_is_emphasized() -> None:
    found = drawn(results([step("flask", 1), step("flask-threads", 1)]))
    for sentence, html in (
        ("flask keeps up.", "<strong>flask</strong> keeps up."),
        ("flask-threads keeps <up>.", "<strong>flask-threads</strong> keeps &lt;up&gt;."),
        ("At 1 user flask keeps up.", "At 1 user flask keeps up."),
    ):
        assert str(named(sentence, found)) == html


def test_the_page_of_a_run_has_the_headline_and_a_sentence_for_each_service() -> None:
    run = results([step(name, users) for name in ("flask", "aiohttp") for users in (1, 50)])
    found = page(run)
    assert found.headline == "At 50 users aiohttp serves 500 requests a second; 5 processes cap flask at 50.0"
    assert [sentence.split()[0] for sentence in found.verdict] == ["flask", "aiohttp"]
    assert len(found.panels) == 2
