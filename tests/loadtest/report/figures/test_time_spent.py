import pytest

from loadtest.report.figures.time_spent import Spent, picture, spent, title
from loadtest.results.schema import ServiceTimes, Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.time_spent import Divider, Parts
from loadtest.workload.closed import Closed
from tests.loadtest.support.fabricated import WAIT, WORK, contender, measured, options, results, step, stuck

DOUBTS = ["a doubt"]


def row(*steps: Step) -> Row:
    (only,) = rows(results(steps))
    return only


def where(found: Row, scenario: str = "delay") -> Spent | None:
    """Return the parts of a step's mean time."""
    return spent(found, Divider(contender(found.service, scenario), options(scenario=scenario)))


def service_times(requests: int, response: float, waited: float, served: float, received: float = 0.0) -> ServiceTimes:
    """Return service times from the mean times of a request in milliseconds."""
    return ServiceTimes(
        requests=requests,
        response_ms=requests * response,
        waited_ms=requests * waited,
        served_ms=requests * served,
        received_ms=requests * received,
    )


def pooled(service: str, users: int = 50) -> Step:
    """Return a step whose requests take 500 ms: 400 ms waiting, of which 100 ms are the query and 300 ms the pool."""
    done = step(service, users, scenario="query")
    assert done.measured
    tells = service_times(done.measured.requests, 500, 400, 420)
    return done.model_copy(update={"measured": done.measured.model_copy(update={"service_times": tells})})


@pytest.mark.parametrize(
    ("service", "users"), [("flask", 1), ("flask", 50), ("flask-threads", 400), ("aiohttp", 50), ("aiohttp", 400)]
)
def test_the_parts_are_all_of_a_response(service: str, users: int) -> None:
    demand = contender(service).demand
    assert demand
    response = max(WAIT + WORK, Closed(users).predict(demand).response)
    found = where(row(step(service, users)))
    assert found
    assert found.parts == pytest.approx(Parts(response - (WAIT + WORK), WAIT, WORK))
    assert sum(found.parts) == found.parts.total == pytest.approx(response)


def test_a_step_bound_by_a_pool_shows_the_wait_for_it() -> None:
    found = where(row(pooled("aiohttp")), "query")
    assert found
    assert found.parts == pytest.approx(Parts(0.38, 0.1, 0.02))
    run = results([pooled(name) for name in ("flask-threads", "aiohttp")], scenario="query")
    drawn = picture(run, rows(run), Closed(50))
    assert drawn
    told = "At 50 users a request waits for a worker or a connection for 76% of its time on every service"
    assert drawn.title == told  # 380 of 500 ms
    assert [*drawn.key.values()] == ["waiting for a worker or a connection", "waiting for a database", "working"]
    head = drawn.table.head.index("waiting for a worker or a connection, ms")
    assert [each[head] for each in drawn.table.rows] == ["380.0", "380.0"]


def test_repeats_are_weighed_by_the_requests_that_were_told_of() -> None:
    steps = [
        step("flask", 10, repeat=1, measured=measured(service_times=service_times(30, 200, 100, 100))),
        step("flask", 10, repeat=2, measured=measured(service_times=service_times(10, 600, 100, 100))),
        step("flask", 10, repeat=3, measured=measured(service_times=service_times(0, 0, 0, 0))),
    ]
    found = where(row(*steps))
    assert found
    assert found.parts == pytest.approx(Parts(0.2, 0.1, 0.0))
    assert found.timed == 40


@pytest.mark.parametrize("users", [1, 400])
def test_of_a_service_that_tells_nothing_nothing_is_known(users: int) -> None:
    assert where(row(step("stranger", users))) is None


def test_the_table_says_of_how_many_requests_it_knows() -> None:
    window = measured(10, failures=3, requests=1000, service_times=service_times(990, 100, 90, 95))
    run = results([step("flask", 10, measured=window, doubts=DOUBTS)])
    drawn = picture(run, rows(run), Closed(10))
    assert drawn
    ((*_, of, failed, conclusive),) = drawn.table.rows
    assert (of, failed, conclusive) == ("990 of 1000", "3", "no")


SLOW, FAST, NONE = Parts(0.75, 0.249, 0.001), Parts(0.001, 0.098, 0.001), Parts(0.0, 0.0, 0.0)
POOLED = Parts(0.75, 0.25, 0.0)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "At 50 users no conclusive step shows where the time went"),
        ({"flask": NONE}, "At 50 users no conclusive step shows where the time went"),
        ({"flask": SLOW}, "At 50 users a request waits for a worker for 75% of its 1.0 s on flask"),
        (
            {"aiohttp": FAST, "flask": SLOW},
            "At 50 users a request waits for a worker for 75% of its 1.0 s on flask, 1% of its 100 ms on aiohttp",
        ),
        (
            {"aiohttp": POOLED, "flask": SLOW},
            "At 50 users a request waits for a worker for 75% of its time on every service",
        ),
    ],
    ids=["no service", "no time", "one", "two", "the same share"],
)
def test_the_title_says_whose_requests_wait_for_a_worker(parts: dict[str, Parts], expected: str) -> None:
    steps = [Spent(row(step(name, 50)), each, 10) for name, each in parts.items()]
    assert title(Closed(50), "a worker", steps) == expected


def test_every_service_is_said_only_if_no_service_is_inconclusive() -> None:
    names = ("flask", "flask-threads", "aiohttp")
    steps = [Spent(row(step(name, 50, doubts=DOUBTS * (name == "aiohttp"))), SLOW, 10) for name in names]
    assert title(Closed(50), "a worker", steps).endswith(" 75% of its time on flask and flask-threads")


def test_the_key_names_only_what_can_be_seen() -> None:
    window = measured(10, requests=1000, service_times=service_times(1000, 1000, 198, 200))
    run = results([step("flask", 10, measured=window)])
    drawn = picture(run, rows(run), Closed(10))
    assert drawn
    assert [*drawn.key.values()] == ["waiting for a worker", "waiting for a timer"]  # working: 2 of 1000 ms


def test_what_does_not_hold_and_what_is_locked_up_is_in_no_title() -> None:
    left_out = [row(step("flask", 10, doubts=DOUBTS)), row(stuck("flask", 10))]
    assert "no conclusive step" in title(Closed(10), "a worker", [Spent(each, SLOW, 10) for each in left_out])
    assert "flask" not in title(
        Closed(10), "a worker", [Spent(row(step("aiohttp", 10)), FAST, 10), *(Spent(r, SLOW, 1) for r in left_out)]
    )
