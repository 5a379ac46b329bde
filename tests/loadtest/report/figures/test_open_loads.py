"""Tests of what the pictures that all runs have say of open loads."""

from collections.abc import Iterator

import pytest
from altair.utils.schemapi import debug_mode

from loadtest.report import before_after as two
from loadtest.report import comparison as one
from loadtest.report.figures import memory
from loadtest.report.figures.picture import Picture
from loadtest.report.page import CLOSED, OPEN
from loadtest.results.exchange import Exchange
from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.workload.open import Open
from tests.loadtest.support.arrivals import RUN, limited, open_run, refusing
from tests.loadtest.support.fabricated import open_step, results, step
from tests.loadtest.support.pages import strings


@pytest.fixture(autouse=True)
def _charts_are_not_checked() -> Iterator[None]:
    with debug_mode(False):
        yield


def pictures(run: Results) -> dict[str, Picture]:
    return {picture.name: picture for picture in one.pictures(run, rows(run))}


def sent(done: Step, share: float) -> Step:
    """Return a step whose only recorded request spent `share` of its time waiting for a worker."""
    exchange = Exchange(0.0, 1.0, 1.0, 200, "app; pid=1; lane=x", 1 - share, 1 - share)
    assert done.measured
    return done.model_copy(update={"measured": done.measured.model_copy(update={"first": [exchange]})})


FULL = open_run([sent(each, 0.9 if each.service == "flask" else 0.0) if each.measured else each for each in RUN])


def test_no_picture_of_arrivals_speaks_of_users() -> None:
    drawn = pictures(FULL)
    assert {*drawn} == {"rates", "latency", "swimlane", "whereabouts", "memory"}
    for picture in drawn.values():
        texts = [picture.title, picture.caption, *picture.table.head]
        for figure in picture.figures:
            texts += [figure.description, *strings(figure.chart.to_dict())]
        assert not [text for text in texts if "user" in text], picture.name
        assert "arrivals/s" in picture.table.head


def test_a_step_that_diverges_is_left_out_of_what_depends_on_how_long_it_lasts() -> None:
    drawn = pictures(FULL)
    for name in ("latency", "whereabouts", "memory"):
        assert "Steps that diverge are left out" in drawn[name].caption
        assert not [row for row in drawn[name].table.rows if row[:2] in (["flask", "100"], ["flask-threads", "800"])]
    steady = pictures(open_run([open_step("aiohttp", Open(20))]))
    for name in ("latency", "whereabouts", "memory"):
        assert "diverge" not in steady[name].caption


def test_titles_name_the_services_that_diverge() -> None:
    drawn = pictures(FULL)
    assert drawn["latency"].title == (
        "At 100 arrivals/s median latency is about the same on flask-threads and aiohttp: 100 ms; flask diverges"
    )
    assert drawn["whereabouts"].title.startswith("At 100 arrivals/s a request waits for a worker for ")
    assert drawn["whereabouts"].title.endswith("; flask diverges")


def test_where_every_step_diverges_no_picture_needs_a_steady_one() -> None:
    assert {*pictures(open_run([open_step("flask", Open(100))]))} == {"rates"}


def test_latency_is_drawn_for_another_load_where_all_diverge_at_the_one_shown_first() -> None:
    drawn = pictures(open_run([open_step("flask", Open(rate)) for rate in (20, 100)]))
    assert drawn["latency"].shown == Open(20)


def test_the_first_requests_of_arrivals_do_not_wait_all_at_once() -> None:
    drawn = pictures(FULL)["swimlane"]
    assert drawn.title == (
        "First requests at 100 arrivals/s: flask-threads and aiohttp at once; flask waiting for a worker for 90% of "
        "the time"
    )
    assert "block" not in drawn.caption
    alone = pictures(open_run([sent(open_step("aiohttp", Open(20)), 0.0)]))["swimlane"]
    assert alone.title == "First requests at 20 arrivals/s: aiohttp at once"


def test_a_mean_over_refusals_is_in_no_title() -> None:
    steps = [open_step("aiohttp", Open(800)), refusing(limited(32), Open(800))]
    title = pictures(open_run(steps, contenders=[limited(32)]))["whereabouts"].title
    assert title.startswith("At 800 arrivals/s a request waits for a worker for ")
    assert title.endswith(f"on aiohttp; 61% not served on {limited(32).name}")


def test_as_many_slots_as_arrivals_need_on_average_are_too_few() -> None:
    run = open_run([open_step("flask", Open(20)), open_step("aiohttp", Open(100))])
    table = rows(run)
    (flask,) = [each for each in run.contenders if each.name == "flask"]
    best = memory.best_of(run, table)
    assert best
    found = memory.matched(flask, best, table)
    assert found
    assert found.needs == 11  # 100 arrivals a second hold 10 slots of 100 ms on average


def test_a_service_that_refuses_needs_room_and_not_slots() -> None:
    steps = [open_step("aiohttp", Open(800)), refusing(limited(32), Open(800))]
    assert pictures(open_run(steps, contenders=[limited(32)]))["memory"].title == (
        f"To match the throughput of aiohttp at 800 arrivals/s, {limited(32).name} needs room for about 81 requests in "
        "flight instead of 32"
    )


def test_the_page_states_the_limits_of_its_kind_of_load() -> None:
    assert one.page(open_run()).load == OPEN
    assert one.page(results([step("flask", 1)])).load == CLOSED
    assert two.page(open_run(), open_run()).load == OPEN


def test_two_runs_of_arrivals_are_drawn_by_their_rate_and_latency_comes_first() -> None:
    page = two.page(FULL, FULL)
    assert page.table.head[1] == "arrivals/s"
    assert [group.name for group in page.paired] == ["latency", "throughput"]
    (note,) = page.notes
    assert "whatever the latency" in note
    assert "Steps that diverge are left out" in note
    latency, throughput = (
        {(panel.heading, each.name.partition(",")[0]) for panel in group.panels for each in panel.twos}
        for group in page.paired
    )
    assert ("20 arrivals/s", "flask") in latency & throughput
    assert ("100 arrivals/s", "flask") in throughput - latency


def test_two_runs_that_diverge_have_no_bars_of_latency() -> None:
    run = open_run([open_step("flask", Open(100))])
    assert [group.name for group in two.page(run, run).paired] == ["throughput"]
