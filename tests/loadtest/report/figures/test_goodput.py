"""Tests of the picture of goodput."""

from itertools import pairwise

import pytest

from loadtest.report.figures.goodput import FATES, Fates, fates, foretold, picture
from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.loadtest.support.arrivals import DEADLINE, RUN, limited, open_run, refusing
from tests.loadtest.support.fabricated import measured, open_step, results, step
from tests.loadtest.support.pages import records


def only(run: Results) -> Row:
    (row,) = rows(run)
    return row


def good(done: Step, number: int) -> Step:
    """Return a step with so many good answers."""
    assert done.measured
    return done.model_copy(update={"measured": done.measured.model_copy(update={"good": [number]})})


def title(run: Results, load: Open) -> str:
    drawn = picture(run, rows(run), load)
    assert drawn
    return drawn.title


def test_without_a_deadline_there_is_no_picture() -> None:
    run = open_run()
    assert picture(run, rows(run), Open(100)) is None


def test_every_arrival_is_good_or_late_or_lost() -> None:
    row = only(open_run([refusing(limited(32), Open(800))], deadline=DEADLINE, contenders=[limited(32)]))
    (arrived,) = row.arrived
    assert sum(fates(row)) == arrived.offered
    assert fates(row).lost == arrived.lost > 0


def test_answers_after_the_deadline_are_late() -> None:
    row = only(open_run([open_step("flask", Open(100))], deadline=DEADLINE))
    (arrived,) = row.arrived
    assert fates(row) == foretold(row, DEADLINE)
    counts = fates(row)
    assert counts.late == arrived.offered - arrived.lost - counts.good > 0


def test_requests_of_users_are_counted_where_there_is_a_deadline() -> None:
    done = step("aiohttp", 10, measured=measured(10, requests=1000, failures=100, good=[700]))
    run = results([done])
    run = run.model_copy(update={"options": run.options.model_copy(update={"deadlines": [1.0]})})
    assert fates(only(run)) == Fates(700, 200, 100)
    assert foretold(only(run), 1.0) is None
    drawn = picture(run, rows(run), Closed(10))
    assert drawn
    assert drawn.title == "Answered within 1 s at 10 users: 70.0/s on aiohttp"
    assert drawn.table.rows[0][2:] == ["unknown", "70.0", "", "90.0", "70.0%", "20.0%", "10.0%", "yes"]


def test_the_title_orders_services_by_goodput() -> None:
    steps = [good(open_step(name, Open(100)), number) for name, number in (("flask", 100), ("aiohttp", 1000))]
    assert title(open_run(steps, deadline=DEADLINE), Open(100)) == (
        "Answered within 1 s at 100 arrivals/s: 100/s on aiohttp, 10.0/s on flask"
    )


def test_services_with_the_same_goodput_share_a_figure_and_a_doubtful_one_has_none() -> None:
    steps = [good(open_step(name, Open(100)), 1000) for name in ("flask-threads", "aiohttp")]
    doubted = open_step("flask", Open(100), doubts=["a doubt"])
    run = open_run([doubted, *steps], deadline=0.25)
    assert title(run, Open(100)) == "Answered within 250 ms at 100 arrivals/s: 100/s on flask-threads and aiohttp"
    assert title(open_run([doubted], deadline=1), Open(100)) == "At 100 arrivals/s no conclusive step has a goodput"


def test_the_bars_of_a_step_are_all_of_its_arrivals() -> None:
    run = open_run([*RUN, open_step("django", Open(20), doubts=["a doubt"])], deadline=DEADLINE)
    drawn = picture(run, rows(run), Open(100))
    assert drawn
    found = records(drawn.figures[0].chart)
    for name in ("flask, 100", "flask-threads, 800", "aiohttp, 20", "(django, 20)"):
        bars = [record for record in found if record["name"] == name and "fate" in record]
        assert [bar["fate"] for bar in bars] == [fate for fate in FATES if fate in {bar["fate"] for bar in bars}]
        assert bars[0]["begin"] == 0
        assert bars[-1]["end"] == pytest.approx(1)
        assert all(one["end"] == other["begin"] for one, other in pairwise(bars))
    (doubted,) = [record for record in found if record["name"] == "(django, 20)" and "label" in record]
    assert doubted["label"].startswith("(")


def test_the_table_holds_goodput_against_its_prediction() -> None:
    run = open_run([good(open_step("aiohttp", Open(100)), 500)], deadline=DEADLINE)
    drawn = picture(run, rows(run), Open(100))
    assert drawn
    row = dict(zip(drawn.table.head, drawn.table.rows[0], strict=True))
    (arrived,) = only(run).arrived
    assert row["predicted, requests/s"] == f"{arrived.offered / 10:.1f}"
    assert row["goodput, requests/s"] == "50.0"
    assert row["measured / predicted"] == f"{500 / arrived.offered:.2f}"
