import pytest

from loadtest.race.captions import READY, RUNNING, Race
from loadtest.race.predictions import MOST_BARS, picture
from loadtest.race.wall import MOST_NUMBERS, Asked, NotTaken, Wall, prediction
from loadtest.workload.closed import Closed
from loadtest.workload.demand import Demand
from loadtest.workload.open import Open
from tests.loadtest.support.racers import figures

ASKED = Asked("How many answers per second does flask give?", "/s", "flask", "delay", "200ms", 20)
LOAD = Closed(20)
NOW = figures(LOAD, Demand(0.1), throughput=199.0)


@pytest.mark.parametrize(
    ("text", "number"), [("20", 20), (" 2.5 ", 2.5), ("2,5", 2.5), ("0", 0), ("1000000", 1e6), ("1000,5", 1000.5)]
)
def test_a_number_is_taken_as_people_type_it(text: str, number: float) -> None:
    assert prediction(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "nan", "inf", "1e999", "1e3", "-1", "20/s", "1_0", "٢", "1000000.1", "1.2.3"]
)
def test_what_is_no_number_is_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^A prediction is a number from 0 to 1,000,000, such as 20 or 2\.5\.$"):
        prediction(text)


def test_a_comma_that_may_mean_thousands_is_asked_about() -> None:
    with pytest.raises(ValueError, match=r"^Write 1000 without a comma, or 1\.000 with a point\.$"):
        prediction("1,000")


def test_a_browser_replaces_its_number_and_a_token_that_it_made_up_is_not_taken() -> None:
    wall = Wall(ASKED)
    token = wall.send(None, "20")
    assert wall.send(token, "1234.5") == token
    assert wall.sent(token) == "1,234.5/s"
    assert wall.send("made up", "30") not in ("made up", token)
    assert (wall.sent("made up"), wall.sent(None)) == (None, None)
    assert wall.shown() == {"count": 2, "revealed": False}


def test_a_wall_is_full_at_some_time_and_closed_once_it_is_revealed() -> None:
    wall = Wall(ASKED)
    tokens = [wall.send(None, "1") for _ in range(MOST_NUMBERS)]
    with pytest.raises(NotTaken, match=r"^The wall has 1000 predictions, and takes no more\.$"):
        wall.send(None, "1")
    wall.send(tokens[0], "2")
    wall.revealed = True
    with pytest.raises(NotTaken, match=r"^The predictions are on the wall already, so no other is accepted\.$"):
        wall.send(tokens[0], "3")


def test_only_the_run_that_was_asked_for_is_the_answer_and_it_stays_after_the_stop() -> None:
    wall = Wall(ASKED)
    wall.revealed = True
    for race, delay in (
        (Race(RUNNING, "delay", Closed(21)), "200ms"),
        (Race(RUNNING, "fanout", LOAD), "200ms"),
        (Race(RUNNING, "delay", LOAD), "100ms"),
        (Race(RUNNING, "delay", Open(20.0, clients=20)), "200ms"),
        (Race(READY, "delay", LOAD), "200ms"),
    ):
        wall.follow(race, delay, NOW)
        assert wall.shown()["measured"] is None
    wall.follow(Race(RUNNING, "delay", LOAD), "200ms", NOW)
    wall.follow(Race(READY, "delay", LOAD), "200ms", figures(LOAD, None, throughput=0.0))
    assert (wall.shown()["measured"], wall.shown()["predicted"]) == (199.0, 200.0)


def test_bars_are_centred_on_round_numbers() -> None:
    drawn = picture([19.0, 20.0, 20.9, 21.0, 40.0], [])
    assert (drawn.step, drawn.bars[9], drawn.bars[10], drawn.bars[11], drawn.bars[20]) == (2.0, 0, 3, 1, 1)


@pytest.mark.parametrize(
    ("numbers", "others", "step", "beyond"),
    [
        ([20] * 24 + [1e6], [19.7, 20.0], 1.0, 1),
        ([20, 1e6], [19.7], 1.0, 1),
        ([1e6], [15.0], 5e4, 0),  # nobody predicted anything else
        ([20] * 5 + [1000], [], 1.0, 1),
        ([20] * 3 + [1000] * 2, [], 50.0, 0),  # too many to be left out
        ([5], [900.0], 50.0, 0),  # the answer always has its place
        ([0, 0], [], 1.0, 0),
        ([], [None, None], 1.0, 0),
    ],
)
def test_a_number_that_is_far_off_is_counted_beyond_the_scale(
    numbers: list[float], others: list[float | None], step: float, beyond: int
) -> None:
    drawn = picture(numbers, others)
    assert (drawn.step, drawn.beyond, sum(drawn.bars)) == (step, beyond, len(numbers) - beyond)
    assert len(drawn.bars) <= MOST_BARS + 1
    assert all(each is None or each <= drawn.step * (len(drawn.bars) - 0.5) for each in others)
