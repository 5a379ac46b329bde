"""Fabricated runs of open loads, as the replay predicts them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from loadtest.results.schema import Contender, Results, Step
from loadtest.verdict.forecast import forecast
from loadtest.workload.demand import ADMISSION, Limit
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import (
    WAIT,
    WARMUP,
    arrived,
    contender,
    foretold,
    good_within,
    measured,
    open_step,
    results,
    step,
)

RATES = (20, 100, 800)
"""Of these rates, in arrivals per second, flask carries one (5 slots of 100 ms), flask-threads two (64 slots)."""

DEADLINE = 1.0
"""Seconds: the deadline of the fabricated windows."""


def evenly(rate: float) -> Open:
    """Return a load without chance: arrivals at equal intervals."""
    return Open(rate, "even")


def not_run(service: str, rate: float) -> Step:
    return open_step(service, evenly(rate)).model_copy(update={"measured": None, "bound": "not run"})


RUN = (
    *(open_step("flask", evenly(rate)) for rate in (20, 100)),
    not_run("flask", 800),
    *(open_step("flask-threads", evenly(rate)) for rate in RATES),
    *(open_step("aiohttp", evenly(rate)) for rate in RATES),
)
"""The steps of a run in which every step matches its prediction."""


def open_run(
    steps: Sequence[Step] = RUN, *, deadline: float | None = None, contenders: Sequence[Contender] = (), **options: Any
) -> Results:
    """Return a run with these steps. `contenders`: those whose names are not in the line-up."""
    run = results(steps)
    known = {each.name: each for each in contenders}
    asked = {"deadlines": [] if deadline is None else [deadline], **options}
    return run.model_copy(
        update={
            "options": run.options.model_copy(update=asked),
            "contenders": [known.get(each.name, each) for each in run.contenders],
        }
    )


def changed(one: Step, **changes: Any) -> Step:
    """Return a step with changes to the arrivals of its window."""
    assert one.measured
    assert one.measured.arrivals
    fates = one.measured.arrivals.model_copy(update=changes)
    return one.model_copy(update={"measured": one.measured.model_copy(update={"arrivals": fates})})


def limited(limit: int) -> Contender:
    """Return flask-threads (64 slots in 2 processes) with a limit of `limit` requests in flight in all."""
    known = contender("flask-threads")
    assert known.demand
    return known.model_copy(
        update={
            "name": f"flask-threads:max-in-flight={limit // 2}",
            "demand": replace(known.demand, admission=Limit(ADMISSION, limit, WAIT)),
            "environment": {**known.environment, "MAX_IN_FLIGHT": str(limit // 2)},
        }
    )


def refusing(known: Contender, load: Open, **changes: Any) -> Step:
    """Return one step of a service with a limit, as the replay predicts it: every lost arrival was refused."""
    assert known.demand
    model, served = forecast(load.schedule(1), load, known.demand, (WARMUP, 10.0))
    fates = arrived(load, model)
    refused = model.lost if known.demand.sheds else 0
    window = measured(
        requests=round(served * 10) + refused,
        failures=refused,
        errors={"status 503 instead of 200": refused} if refused else {},
        latency=model.latency,
        good=[good_within(1.0, model)],
        arrivals=fates,
    )
    prediction = foretold(load, known.demand).model_copy(update={"throughput": served, "arrivals": model})
    base = step("flask-threads", 1)
    update = {"service": known.name, "load": load, "predicted": prediction, "bound": prediction.bound}
    return base.model_copy(update={**update, "measured": window, **changes})
