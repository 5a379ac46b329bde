import pytest

from loadtest.results.schema import Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.backlog import diverges, lost, offered, slopes, waiting
from tests.loadtest.support.arrivals import changed, evenly, open_run
from tests.loadtest.support.fabricated import contender, open_step, step


def row(one: Step) -> Row:
    (found,) = rows(open_run([one]))
    return found


def test_the_prediction_decides_whether_a_backlog_grows_without_end() -> None:
    assert diverges(row(open_step("flask", evenly(100))))
    assert not diverges(row(changed(open_step("aiohttp", evenly(100)), slope=60.0)))


def test_a_closed_load_has_no_backlog() -> None:
    assert not diverges(row(step("flask", 50)))


def test_a_slope_is_predicted_and_measured_and_in_brackets_if_inconclusive() -> None:
    known = changed(open_step("flask", evenly(100)), slope=-2.0)
    assert slopes(row(known)) == "+50.0/s predicted, -2.0/s measured"
    assert slopes(row(known.model_copy(update={"doubts": ["so"]}))) == "+50.0/s predicted, (-2.0/s) measured"
    assert slopes(row(changed(open_step("stranger", evenly(100)), slope=120.0))) == "+120/s measured"


def test_clients_wait_longer_by_the_rate_over_the_capacity_less_one_second_per_second() -> None:
    flask = contender("flask")  # carries 50/s
    assert waiting(row(open_step("flask", evenly(75))), flask) == "1 s after 2.0 s and 10 s after 20.0 s"
    assert waiting(row(open_step("flask", evenly(300))), flask, (1.0,)) == "1 s after 200 ms"


@pytest.mark.parametrize("rate", [20, 50])
def test_at_or_below_the_capacity_it_is_unknown_when_clients_would_wait(rate: float) -> None:
    assert waiting(row(open_step("flask", evenly(rate))), contender("flask")) == ""
    assert waiting(row(open_step("aiohttp", evenly(rate))), contender("aiohttp")) == ""


def test_shares_are_of_the_arrivals_of_the_window() -> None:
    known = row(changed(open_step("aiohttp", evenly(100)), offered=1000, lost=250))
    assert offered(known) == 100
    assert lost(known) == 0.25
    assert lost(row(changed(open_step("aiohttp", evenly(100)), offered=0, lost=0))) == 0
