"""Tests of the pictures' titles, each with a run that allows only one conclusion."""

from collections.abc import Callable, Iterator

import pytest
from altair.utils.schemapi import debug_mode

from loadtest.report import comparison as one
from loadtest.report.figures import latency, throughput
from loadtest.report.figures import requests as swimlane
from loadtest.report.figures.picture import Picture
from loadtest.results.exchange import Exchange
from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.time_spent import Divider
from loadtest.workload.closed import Closed
from loadtest.workload.demand import DEADLOCK, USERS
from tests.loadtest.support.fabricated import contender, not_run, options, results, step, stuck
from tests.loadtest.support.pages import records

DOUBTS = ["a doubt"]

DIFFERENT = results([step(name, users) for name in ("flask", "flask-threads", "aiohttp") for users in (1, 50)])


@pytest.fixture(autouse=True)
def _charts_are_not_checked() -> Iterator[None]:
    with debug_mode(False):
        yield


def title_of(name: str, run: Results) -> str:
    """Return the title of one picture of a report. The others are not drawn."""
    table = rows(run)
    shown = one.telling([row for row in table if row.windows])
    draw: dict[str, Callable[[], Picture | None]] = {
        "throughput": lambda: throughput.picture(run, table),
        "latency": lambda: latency.picture(run, table, shown),
        "swimlane": lambda: swimlane.picture(run, table, shown),
    }
    picture = draw[name]()
    assert picture
    return picture.title


def queueing(share: float, service: str = "flask", users: int = 10) -> Step:
    """Return a step, bound by its users, whose only request waited for a worker for `share` of its time."""
    exchange = Exchange(0.0, 1.0, 1.0, 200, "app; pid=1; lane=x", 1 - share, 1 - share)
    done = step(service, users, bound=USERS)
    assert done.measured
    return done.model_copy(update={"measured": done.measured.model_copy(update={"first": [exchange]})})


@pytest.mark.parametrize(
    ("steps", "title"),
    [
        (
            DIFFERENT.steps,
            "At 50 users aiohttp and flask-threads serve 10.0 times as many requests as flask: 500/s against 50/s",
        ),
        (
            [step(name, users) for name in ("flask-threads", "aiohttp") for users in (1, 50)],
            "At 50 users throughput is equal within 5%: aiohttp and flask-threads reach 500.0 requests/s",
        ),
        (
            [step(name, users, doubts=DOUBTS) for name in ("flask", "aiohttp") for users in (1, 50)],
            throughput.NOTHING_HOLDS,
        ),
        (
            [step("flask", 1), step("flask", 50, doubts=DOUBTS), step("aiohttp", 1), step("aiohttp", 50)],
            "At 1 user throughput is equal within 5%: aiohttp and flask reach 10.0 requests/s",
        ),
        ([step("aiohttp", 1), step("aiohttp", 50)], "aiohttp keeps up with 50 users, the highest load tried"),
        ([step("flask", 1), step("aiohttp", 1)], "At 1 user throughput is equal within 5%: aiohttp and flask reach "
         "10.0 requests/s"),
    ],
    ids=["different", "alike", "nothing holds", "one holds", "one service", "one number of users"],
)  # fmt: skip
def test_throughput_is_compared_where_two_can_be_trusted(steps: list[Step], title: str) -> None:
    assert title_of("throughput", results(steps)) == title


@pytest.mark.parametrize(
    ("locked", "said"),
    [
        ([stuck("flask", 10)], "flask is deadlocked at 10 users. At 10 users throughput is equal within 5%: "),
        ([stuck("flask", 10), stuck("flask", 20)], "flask is deadlocked at 10 and 20 users. At 10 users "),
        ([stuck("flask", 1, bound=DEADLOCK)], "flask is deadlocked at 1 user. At 10 users throughput is equal "),
        ([stuck("flask", 10, doubts=DOUBTS)], "At 10 users throughput is equal within 5%: "),
    ],
    ids=["one", "two", "one user", "a doubt"],
)
def test_a_deadlock_is_named_before_anything_else(locked: list[Step], said: str) -> None:
    others = [step(name, users, scenario="ask") for name in ("flask-threads", "aiohttp") for users in (1, 10)]
    assert title_of("throughput", results([*locked, *others], scenario="ask")).startswith(said)


def test_the_picture_marks_from_how_many_users_on_there_is_a_deadlock() -> None:
    run = results([step("flask", 1, scenario="ask"), stuck("flask", 10)], scenario="ask")
    told = {record["knee"]: record["users"] for record in records(throughput.chart(run, rows(run))) if "knee" in record}
    assert told == {"flask: deadlock above 4": 4}


@pytest.mark.parametrize(
    ("steps", "title"),
    [
        (
            DIFFERENT.steps,
            "At 50 users median latency is 1.0 s on flask, 100 ms on flask-threads and aiohttp",
        ),
        (
            [step("flask", 50, 0.2), step("flask-threads", 50, 0.104), step("aiohttp", 50, 0.1)],
            "At 50 users median latency is 200 ms on flask, 100 to 104 ms on flask-threads and aiohttp",
        ),
        (
            [step("flask", 50, 0.1), step("aiohttp", 50, 0.105)],
            "At 50 users median latency is about the same on every service: 100 to 105 ms",
        ),
        (
            [step("flask", 50, 0.1), step("aiohttp", 50, 0.1)],
            "At 50 users median latency is about the same on every service: 100 ms",
        ),
        (
            [step("flask", 50, 2.1, doubts=DOUBTS), step("django", 50, 0.1), step("aiohttp", 50, 0.1)],
            "At 50 users median latency is about the same on django and aiohttp: 100 ms",
        ),
        ([step("flask", 50)], "At 50 users median latency is 1.0 s on flask"),
        (
            [step("flask", 50), step("aiohttp", 50, doubts=DOUBTS)],
            "At 50 users median latency is 1.0 s on flask",
        ),
        ([step("flask", 50, doubts=DOUBTS)], "At 50 users no conclusive step has a median latency"),
        ([step("flask", 5), not_run("flask", 50)], "At 5 users median latency is 100 ms on flask"),
    ],
    ids=["different", "a tie", "alike", "the same", "those that hold", "one", "one holds", "nothing holds", "not run"],
)
def test_latency_is_told_of_the_slowest_and_the_fastest(steps: list[Step], title: str) -> None:
    assert title_of("latency", results(steps)) == title


def test_a_deadlock_is_no_latency() -> None:
    told = title_of("latency", results([stuck("flask", 10), step("aiohttp", 10, scenario="ask")], scenario="ask"))
    assert told == "At 10 users median latency is 100 ms on aiohttp"


def test_where_the_halves_hide_a_difference_the_means_are_told() -> None:
    uneven = step("flask", 50, 0.1)
    assert uneven.measured
    window = uneven.measured.model_copy(
        update={
            "latency": {100.0: uneven.measured.requests - 2000, 1000.0: 2000},
            "response_ms": (uneven.measured.requests - 2000) * 100.0 + 2000 * 1000.0,
        }
    )
    run = results([uneven.model_copy(update={"measured": window}), step("aiohttp", 50, 0.1)])
    told = "At 50 users the medians are alike, but mean latency is 460 ms on flask, 100 ms on aiohttp"
    assert title_of("latency", run) == told


@pytest.mark.parametrize(
    ("steps", "title"),
    [
        (DIFFERENT.steps, "flask-threads and aiohttp all at once; flask 5 at a time"),
        (
            [step(name, 400) for name in ("flask", "flask-threads", "django", "aiohttp", "fastapi")],
            "aiohttp and fastapi all at once; flask-threads and django 64 at a time; flask 5 at a time",
        ),
        (
            [step(name, 50) for name in ("flask", "aiohttp", "fastapi", "sanic", "tornado", "flask-threads")],
            "5 services all at once; flask 5 at a time",
        ),
        ([step("flask-threads", 50), step("aiohttp", 50)], "all at once on every service"),
        ([step("flask", 1), step("aiohttp", 1)], "at once on every service"),
        ([step("aiohttp", 1)], "aiohttp at once"),
        ([step("flask", 50)], "flask 5 at a time"),
        ([queueing(0.3)], "flask waiting for a worker for 30% of the time"),
        (
            [
                queueing(0.9),
                queueing(0.5, "flask-threads"),
                queueing(0.1, "django"),
                queueing(0.011, "sanic"),
                queueing(0.009, "aiohttp"),
            ],
            "aiohttp all at once; django and sanic nearly all at once; flask-threads waiting for a worker for 50% of "
            "the time; flask waiting for a worker for 90% of the time",
        ),
        ([step("flask", 50, bound="slots (unevenly shared)")], "flask waiting for a worker for 89% of the time"),
        ([step("flask", 50, doubts=DOUBTS), step("aiohttp", 50)], "aiohttp all at once"),  # of conclusive steps alone
        ([step("flask", 50, doubts=DOUBTS)], "no step is conclusive"),
    ],
    ids=[
        *(
            "different",
            "blocks and steps",
            "many",
            "alike",
            "one user",
            "one user of one service",
            "one",
            "some",
            "all shares",
        ),
        *("a limit that is not confirmed", "one holds", "nothing holds"),
    ],
)
def test_the_first_requests_say_how_many_are_served_at_a_time(steps: list[Step], title: str) -> None:
    of, _, said = title_of("swimlane", results(steps)).partition(": ")
    assert of in {f"First requests at {each.load.label}" for each in steps}
    assert said == title


def test_a_deadlock_serves_none_at_a_time() -> None:
    told = title_of("swimlane", results([stuck("flask", 20), step("aiohttp", 20, scenario="ask")], scenario="ask"))
    assert told.endswith(": aiohttp all at once; flask deadlocked")


def test_a_pool_lets_so_many_through_at_a_time() -> None:
    run = results([step(name, 400, scenario="query") for name in ("flask-gevent", "aiohttp")], scenario="query")
    assert title_of("swimlane", run).endswith(": 20 at a time (database pool) on every service")


def test_where_requests_hold_a_connection_they_wait_for_a_worker_or_a_connection() -> None:
    run = results(
        [step(name, 400, bound="other", scenario="query") for name in ("flask-gevent", "aiohttp")], scenario="query"
    )
    table = rows(run)
    picture = swimlane.picture(run, table, table[0].load)
    assert picture
    assert "waiting for a worker or a connection for " in picture.title
    told = [row[2] for row in picture.table.rows if row[2].startswith("all: ")]
    assert [each.endswith(" of their time waiting for a worker or a connection") for each in told] == [True, True]


def test_where_no_service_told_anything_there_is_no_swimlane_and_no_whereabouts() -> None:
    run = results([step("stranger", 50)])
    assert [picture.name for picture in one.pictures(run, rows(run))] == ["throughput", "latency"]


def test_every_choice_has_a_title_of_its_own_and_the_first_shown_is_the_pictures() -> None:
    for picture in one.pictures(DIFFERENT, rows(DIFFERENT)):
        if picture.choices:
            assert [choice.load for choice in picture.choices] == [Closed(1), Closed(50)]
            assert len({choice.title for choice in picture.choices}) == 2
            assert picture.shown == Closed(50)
            assert picture.title == picture.choices[-1].title


@pytest.mark.parametrize(
    ("run", "shown"),
    [
        ([("flask", 1), ("flask", 50), ("aiohttp", 1), ("aiohttp", 50), ("aiohttp", 400)], 50),
        ([("flask", 1), ("flask", 50)], 50),
        ([("flask", 1), ("aiohttp", 50)], 50),
    ],
)
def test_the_most_users_that_most_services_had_are_shown_first(run: list[tuple[str, int]], shown: int) -> None:
    assert one.telling(rows(results([step(*each) for each in run]))) == Closed(shown)


def test_a_share_of_the_queue_is_of_those_who_were_told_of() -> None:
    told = Exchange(0.0, 1.0, 1.0, 200, "app; pid=1; lane=x", 0.25, 0.25)
    (row,) = rows(results([step("flask", 10)]))
    window = row.windows[0].model_copy(update={"first": [told, Exchange(0.0), Exchange(0.0, 9.0, 9.0, 502)]})
    (only,) = rows(results([step("flask", 10, measured=window)]))
    assert swimlane.queued(only, Divider(contender("flask"), options())) == pytest.approx(0.75)
    assert latency.title(Closed(10), [only]).startswith("At 10 users median latency is ")
