"""The headline of runs whose figures are known."""

from collections.abc import Sequence

from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.headline import NOTHING_HOLDS, headline
from loadtest.workload.demand import LOOPS
from tests.loadtest.support.arrivals import evenly, limited, open_run, refusing
from tests.loadtest.support.fabricated import measured, not_run, open_step, results, step, stuck

SERVICES = ("flask", "flask-threads", "aiohttp")


def told(run: Results) -> str:
    return headline(run, rows(run))


def at(users: int, *names: str, scenario: str = "delay") -> list[Step]:
    return [step(name, users, scenario=scenario) for name in names]


def doubted(steps: Sequence[Step], *services: str) -> list[Step]:
    return [each.model_copy(update={"doubts": ["so"]}) if each.service in services else each for each in steps]


def test_the_largest_closed_load_says_who_leads_and_what_caps_the_others() -> None:
    line_up = ("flask", "flask-async", "django", "flask-threads", "flask-gevent", "aiohttp", "sanic", "fastapi")
    for steps, sentence in (
        (
            [*at(50, *SERVICES), not_run("flask", 400), *at(400, "flask-threads", "aiohttp")],
            "At 400 users aiohttp serves 4,000 requests a second; 64 threads cap flask-threads at 640, "
            "5 processes cap flask at 50.0",
        ),
        (
            at(400, *line_up),
            "At 400 users flask-gevent and 3 others serve the same 4,000 requests a second; 64 threads cap django and "
            "flask-threads at 640 each, 5 processes cap flask and flask-async at 50.0 each",
        ),
        (
            at(1, "flask", "aiohttp"),
            "At 1 user flask and aiohttp serve the same 10.0 requests a second",
        ),
        (
            [step("flask-threads", 1), step("aiohttp", 1, 0.104)],
            "At 1 user flask-threads and aiohttp serve 9.6 to 10.0 requests a second",
        ),
        (at(400, "flask-threads"), "At 400 users flask-threads serves 640 requests a second, capped by 64 threads"),
        (
            [*at(400, "flask-threads"), step("aiohttp", 400, 0.2, bound="CPU")],
            "At 400 users aiohttp serves 2,000 requests a second, capped by the CPU; 64 threads cap flask-threads at "
            "640",
        ),
        (
            [step("flask-threads", 32), step("aiohttp", 32, 3.2, bound=LOOPS)],
            "At 32 users flask-threads serves 320 requests a second; a blocked event loop caps aiohttp at 10.0",
        ),
        (
            [step("flask-threads", 32), step("aiohttp", 32, 0.2, bound="unexplained")],
            "At 32 users flask-threads serves 320 requests a second; aiohttp serves 160",
        ),
    ):
        assert told(results(steps)) == sentence


def test_a_pool_that_caps_all_is_named_once() -> None:
    run = results(at(400, "flask-threads", "aiohttp", scenario="query"), scenario="query")
    assert told(run) == (
        "At 400 users flask-threads and aiohttp serve the same 200 requests a second, capped by 20 pooled connections"
    )


def test_a_deadlock_is_named() -> None:
    run = results([stuck("flask", 5), step("aiohttp", 5, scenario="ask")], scenario="ask")
    assert told(run) == "At 5 users aiohttp serves 50.0 requests a second; flask deadlocks"
    run = results([stuck("flask", 5)], scenario="ask")
    assert told(run) == "At 5 users flask deadlocks"


def test_what_cannot_be_trusted_is_no_part_of_the_headline_and_named() -> None:
    steps = [*at(50, *SERVICES), *at(400, *SERVICES)]
    assert told(results(doubted(steps, "aiohttp"))) == (
        "At 400 users flask-threads serves 640 requests a second, capped by 64 threads; 5 processes cap flask at 50.0; "
        "aiohttp cannot be judged"
    )
    assert told(results(doubted(steps, "aiohttp", "flask-threads"))) == (
        "At 400 users flask serves 50.0 requests a second, capped by 5 processes; flask-threads and aiohttp cannot be "
        "judged"
    )
    assert told(results(doubted(steps, *SERVICES))) == NOTHING_HOLDS
    assert told(results([])) == NOTHING_HOLDS


def test_a_service_whose_run_was_interrupted_is_not_held_against_others() -> None:
    steps = [*at(1, "flask-threads", "aiohttp"), step("flask-threads", 400)]
    assert told(results(steps, complete=False)) == (
        "At 400 users flask-threads serves 640 requests a second, capped by 64 threads; aiohttp cannot be judged"
    )


def test_the_highest_rate_says_who_answers_how_fast_and_whose_backlog_grows() -> None:
    assert told(open_run()) == (
        "At 800 arrivals/s aiohttp answers 99% within 100 ms; the backlog of flask grows by 50.0 a second already at "
        "100 arrivals/s; the backlog of flask-threads grows by 160 a second"
    )
    assert told(open_run([open_step(name, evenly(100)) for name in ("flask-threads", "aiohttp")])) == (
        "At 100 arrivals/s aiohttp answers 99% within 100 ms, flask-threads within 100 ms"
    )


def test_with_a_deadline_the_headline_is_about_goodput() -> None:
    few = limited(32)
    run = open_run([refusing(few, evenly(960))], contenders=[few], deadline=1.0)
    assert told(run).startswith(f"At 960 arrivals/s good answers a second (within 1 s): {few.name} ")


def test_services_that_answer_nothing_serve_nothing() -> None:
    nothing = measured(10, requests=0, response_ms=0.0, latency={}, failures=0)
    run = results([step(name, 10, measured=nothing) for name in ("flask", "aiohttp")])
    assert told(run) == "At 10 users flask and aiohttp serve the same 0.0 requests a second"
