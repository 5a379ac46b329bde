from collections.abc import Sequence
from typing import Any

import pytest

from loadtest.contenders.service import lineup
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS
from loadtest.verdict.lineup import conclusion, costs, doubts, lacking, portraits, priced, sentences
from loadtest.workload.closed import Closed
from tests.loadtest.support.fabricated import calibration, contender, foretold, lineup_of, measured, results, step

NAMES = tuple(lineup(2))

ALL = lineup_of()


def changed(run: Results, service: str, users: int, **changes: Any) -> Results:
    """Return the run with one step changed."""
    steps = [
        each.model_copy(update=changes) if (each.service, each.load.amount) == (service, users) else each
        for each in run.steps
    ]
    return run.model_copy(update={"steps": steps})


def without(service: str, users: int = 200, **changes: Any) -> dict[str, Results]:
    """Return the runs of ALL with one step of the waiting test changed."""
    return {**ALL, DELAY: changed(ALL[DELAY], service, users, **changes)}


def concluded(measured: dict[str, Results]) -> str:
    return conclusion(portraits(measured))


def test_there_is_a_portrait_of_each_service_those_of_one_kind_together() -> None:
    assert [each.name for each in portraits(lineup_of(("aiohttp", "django", "sanic", "flask")))] == [
        *("django", "flask", "aiohttp", "sanic")
    ]


def test_a_portrait_has_what_was_measured_under_the_wait_and_under_both_controls() -> None:
    (flask,) = portraits(lineup_of(("flask",)))
    for way, known in WAYS.items():
        for load in (*known.loads, None):
            assert flask.row(way, load) is flask.held(way, load) is not None
    assert flask.row(DELAY) is flask.row(DELAY, Closed(200))
    assert flask.row(DELAY, Closed(10)) is None
    assert flask.framework == "Flask"


def test_what_is_inconclusive_was_measured_and_does_not_hold() -> None:
    (flask,) = portraits(lineup_of(("flask",), doubts=["a doubt"]))
    assert flask.row(DELAY) is not None
    assert flask.held(DELAY) is None


def test_what_was_not_run_is_neither() -> None:
    (flask,) = portraits(lineup_of(("flask",), measured=None))
    assert flask.row(DELAY) is flask.held(DELAY) is None


SLOW: dict[str, Any] = {"measured": measured(200, 1.0), "bound": "CPU"}
"""Changes that give a step a tenth of the predicted throughput."""


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (
            ALL,
            "At 200 users all 5 services with too few slots are capped by their slots; all 6 others keep up, "
            "regardless of framework",
        ),
        (lineup_of(("flask", "aiohttp")), "At 200 users flask is capped by its slots; aiohttp keeps up"),
        (
            lineup_of(("flask", "flask-threads", "aiohttp")),
            "At 200 users both services with too few slots are capped by their slots; aiohttp keeps up",
        ),
        (lineup_of(("aiohttp", "sanic")), "At 200 users both services keep up, regardless of framework"),
        (lineup_of(("flask",)), "At 200 users flask is capped by its slots"),
        (
            without("sanic", doubts=["a doubt"]),
            "At 200 users all 5 services with too few slots are capped by their slots; 5 of 6 others keep up, "
            "regardless of framework",
        ),
        (
            without("django-async", **SLOW),
            "At 200 users all 5 services with too few slots are capped by their slots; 5 of 6 others keep up",
        ),
        (
            without("django", measured=None),
            "At 200 users 4 of 5 services with too few slots are capped by their slots; all 6 others keep up, "
            "regardless of framework",
        ),
        (
            {DELAY: ALL[DELAY].model_copy(update={"steps": ALL[DELAY].steps[:3]})},  # a run that ended early
            "At 200 users 1 of 5 services with too few slots is capped by its slots",
        ),
        (lineup_of(doubts=["a doubt"]), "At 200 users no measurement can be trusted"),
        (lineup_of(ways=[CPU]), "At 200 users nothing was measured"),
        (lineup_of(("aiohttp",), **SLOW), "At 200 users no service reaches its prediction"),
    ],
)
def test_the_conclusion_is_drawn_from_the_rows_that_hold(runs: dict[str, Results], said: str) -> None:
    assert concluded(runs) == said


def test_a_service_that_falls_short_is_named_with_what_bound_it() -> None:
    assert sentences(portraits(without("django-async", **SLOW)))[0] == (
        "django-async falls short at 200 users: 200/s of 2000/s predicted, bound by CPU."
    )


def test_what_is_inconclusive_falls_short_of_nothing() -> None:
    told = sentences(portraits(without("django-async", **SLOW, doubts=["a doubt"])))
    assert not any("falls short" in sentence for sentence in told)


def test_the_controls_say_what_the_wait_hides() -> None:
    run = changed(ALL[HEALTHZ], "django", 32, measured=measured(32, server_cpu=1.0))
    cheap = changed(run, "sanic", 32, measured=measured(32, server_cpu=0.05))
    found = portraits({**ALL, HEALTHZ: cheap})
    assert next(iter(costs(found))) == "sanic"
    assert priced(found) == "An empty request (/healthz) costs 156 µs (sanic) to 3125 µs (django) of CPU time"
    assert sentences(found) == [
        "Throughput of /cpu, which computes: blocking services 20/s, non-blocking services 20/s."
    ]


def test_a_cost_that_is_inconclusive_is_no_cost() -> None:
    run = changed(ALL[HEALTHZ], "django", 32, doubts=["a doubt"])
    assert "django" not in costs(portraits({**ALL, HEALTHZ: run}))
    assert costs(portraits(lineup_of(doubts=["a doubt"]))) == {}


def test_costs_that_are_the_same_are_told_as_one() -> None:
    assert priced(portraits(lineup_of(("flask", "aiohttp")))) == (
        "An empty request (/healthz) costs 2344 µs of CPU time (aiohttp and flask)"
    )


def test_what_cannot_be_told_is_said() -> None:
    found = portraits(lineup_of(doubts=["a doubt"]))
    assert priced(found) == "The frameworks' cost is unknown: no measurement of /healthz can be trusted"
    assert sentences(found) == []


def test_every_doubt_says_of_which_comparison_it_is() -> None:
    runs = {**ALL, CPU: changed(ALL[CPU], "django", 8, doubts=["a doubt"])}
    assert doubts(portraits(runs)) == ["django is inconclusive in scenario cpu at 8 users: a doubt."]
    assert doubts(portraits(ALL)) == []


def test_what_is_lacking_is_said() -> None:
    cut = ALL[CPU].model_copy(update={"complete": False})
    failed = cut.model_copy(update={"failure": "flask died with status 1."})
    assert lacking(ALL) == []
    assert lacking({DELAY: ALL[DELAY], CPU: cut}) == [
        "Scenario healthz was not measured.",
        "Scenario cpu was interrupted.",
    ]
    assert lacking({**ALL, CPU: failed}) == ["Scenario cpu failed: flask died with status 1."]


def test_a_service_that_only_one_comparison_came_to_has_a_portrait_too() -> None:
    runs = {DELAY: lineup_of(("flask", "aiohttp"))[DELAY], CPU: lineup_of(("flask",))[CPU]}
    _, aiohttp = portraits(runs)
    assert aiohttp.row(CPU) is None
    assert aiohttp.row(DELAY) is not None


def calibrated(names: Sequence[str], cpu: float) -> dict[str, Results]:
    """Return the waiting test, as the model predicts it, of services whose requests cost `cpu` seconds of CPU time."""
    known = {name: contender(name, calibration=calibration(cpu=cpu)) for name in names}
    demands = {name: each.demand for name, each in known.items() if each.demand}
    steps = [
        step(name, load.users, load.predict(demand).response, predicted=foretold(load, demand))
        for name, demand in demands.items()
        for load in WAYS[DELAY].loads
    ]
    return {DELAY: results(steps).model_copy(update={"contenders": [*known.values()]})}


def test_a_service_that_is_predicted_to_run_out_of_cpu_time_is_counted_apart() -> None:
    assert concluded(calibrated(("flask-threads", "aiohttp", "sanic"), 0.002)) == (
        "At 200 users flask-threads is capped by its slots; both services with too little CPU time are bound by their "
        "CPU"
    )
