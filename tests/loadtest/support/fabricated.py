"""Fabricated measurements: results as the closed model predicts them, with deviations that a test chooses."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from heapq import heappop, heappush
from typing import Any

from loadtest.contenders.cores import SHARED
from loadtest.contenders.service import lineup
from loadtest.results.arrivals import Arrived, Forecast
from loadtest.results.exchange import Exchange
from loadtest.results.generators import GeneratorWindow
from loadtest.results.schema import (
    SCHEMA,
    Contender,
    CoreUse,
    Machine,
    Measured,
    Options,
    Predicted,
    Results,
    ServiceTimes,
    Step,
)
from loadtest.results.suite import WAYS
from loadtest.verdict.forecast import forecast
from loadtest.workload import Load, scenarios
from loadtest.workload.closed import Closed
from loadtest.workload.demand import DEADLOCK, SLOTS, Calibration, Demand, Limit
from loadtest.workload.open import Open
from loadtest.workload.share import Share

WAIT = 0.1

LONGEST = 4
"""Predicted response times of a fabricated step."""

WORK = 0.001
"""Seconds of work that a request takes, besides its wait."""

FIRST, ROUNDS = 100, 4
"""The maximum number of users whose first requests are kept of a step, and of requests of each."""


def options(**changes: Any) -> Options:
    asked = Options(
        scenario="delay",
        loads=[Closed(1), Closed(50), Closed(400)],
        delay="100ms",
        wait=WAIT,
        seconds=10.0,
        repeats=1,
    )
    return asked.model_copy(update=changes)


def contender(name: str, scenario: str = "delay", calibration: Calibration | None = None, **changes: Any) -> Contender:
    """Return a service of the line-up on two cores, or a target if the name is unknown."""
    service = lineup(2).get(name)
    known = Contender(
        name=name,
        made_of=service.made_of if service else "http://127.0.0.1:9/",
        software=dict.fromkeys(service.distributions, "1.0") if service else {},
        adapter_lines=100 if service else None,
        kind=service.kind if service else "unknown",
        processes=service.workers if service else None,
        threads=service.threads if service else None,
        slots=service.slots if service else None,
        demand=scenarios.demand(scenario, service, WAIT, calibration=calibration) if service else None,
        calibration=calibration,
        ours=service is not None,
        command=["serve", name, "--worker-class", service.worker_class] if service else [],
        environment=dict(service.environment) if service else {},
    )
    return known.model_copy(update=changes)


def calibration(**changes: Any) -> Calibration:
    """Return the times of a request whose wait of 10 ms lasts 11, and costs the service 1 ms of CPU time."""
    known = Calibration(cpu=0.001, cpu_alone=0.001, beside=0.0002, turn=0.0125, waited=0.011, delay=0.01)
    return replace(known, **changes)


def use(busy: float, cores: int = 1, stolen: float = 0.0, interrupts: float = 0.0) -> CoreUse:
    """Return the use of a set of cores of which `busy` cores were busy."""
    return CoreUse(cores=cores, busy=busy, stolen=stolen, interrupts=interrupts)


def slots(count: int | None, wait: float = WAIT) -> tuple[Limit, ...]:
    """Return the limits of a service with `count` slots, each held for `wait` seconds per request."""
    return () if count is None else (Limit(SLOTS, count, wait),)


def foretold(load: Load, demand: Demand) -> Predicted:
    return Predicted(**asdict(load.predict(demand)))


def predicted(users: int, count: int | None = None, think: float = 0.0) -> Predicted:
    """Return the prediction for `users` users of a service with `count` slots."""
    return foretold(Closed(users, think), Demand(WAIT, slots(count)))


def measured(
    users: int = 10,
    response: float = WAIT,
    seconds: float = 10.0,
    busiest_cpu: float | None = 0.25,
    **changes: Any,
) -> Measured:
    """Return a window without errors in which `users` users got each response after `response` seconds.

    `busiest_cpu`: the cores that each of the service's two processes used.
    """
    requests = round(users * seconds / response)
    clean = Measured(
        opened=1_700_000_000.0,
        seconds=seconds,
        requests=requests,
        failures=0,
        response_ms=requests * response * 1000,
        latency={response * 1000: requests},
        errors={},
        unfinished=0,
        generator_cpu=0.1,
        machine_cpu=0.2,
        stolen_cpu=0.0,
        server_cpu=0.5,
        processes_cpu=None if busiest_cpu is None else [busiest_cpu] * 2,
        others_cpu={},
        service_cores=None,
        other_cores=None,
        all_ours=True,
        switches=None,
        memory=100 * 2**20,
        died=0,
        connections=[5, 5],
        service_times=service_times(requests, response),
        first=[],
    )
    return clean.model_copy(update=changes)


def service_times(requests: int, response: float = WAIT, waited: float = WAIT) -> ServiceTimes:
    """Return the times reported by a service whose requests wait `waited` seconds and work one millisecond."""
    served = waited + WORK
    return ServiceTimes(
        requests=requests,
        response_ms=requests * max(response, served) * 1000,
        waited_ms=requests * waited * 1000,
        served_ms=requests * served * 1000,
        received_ms=0.0,
    )


def first(load: Closed, known: Contender) -> list[Exchange]:
    """Return the first requests of a step. Each takes the first free slot, or starts at once if slots are no limit.

    A target reports no times and no process for its requests.
    """
    demand, users = known.demand or Demand(WAIT), load.users
    model = load.predict(demand)
    status, waited = 200, demand.wait if model.bound == SLOTS else model.response
    if model.bound == DEADLOCK:
        assert demand.patience is not None
        status, waited = 504, demand.patience
    free = [(0.0, place) for place in range(known.slots or users)]
    asking = [(user / 10_000, user) for user in range(users)]
    found: list[Exchange] = []
    sent_by = Counter[int]()
    while min(FIRST, users) * ROUNDS > len(found) and asking[0][0] < LONGEST * model.response:
        sent, user = heappop(asking)
        freed, place = heappop(free)
        headed = round(max(sent, freed) + waited + WORK, 5)
        sent_by[user] += 1
        if user < FIRST and sent_by[user] <= ROUNDS:
            told = (served_by(known, place), waited, waited + WORK) if known.ours else ()
            times = Exchange(sent, headed, headed, status, *told)
            found.append(times._replace(user=user + 1))
        heappush(free, (headed, place))
        heappush(asking, (headed + load.think, user))
    return found


@cache
def first_of(service: str, scenario: str, load: Closed) -> tuple[Exchange, ...]:
    """Return the first requests of a step. Hundreds of steps of a few loads are fabricated in each test run."""
    return tuple(first(load, contender(service, scenario)))


def served_by(known: Contender, place: int) -> str:
    """Return the Served-By header of slot number `place`: each thread is a lane, an event loop is one lane."""
    process, thread = place % (known.processes or 1), place // (known.processes or 1)
    lane = f"thread-{thread}" if known.kind == "blocking" else "loop"
    return f"an_app; pid={1000 + process}; lane={lane}"


def step(  # noqa: PLR0913 - most are optional deviations
    service: str,
    users: int,
    response: float | None = None,
    *,
    repeat: int = 1,
    think: float = 0.0,
    scenario: str = "delay",
    **changes: Any,
) -> Step:
    """Return one step as the model predicts it, unless `response` (seconds) or `changes` differ."""
    known = contender(service, scenario)
    load = Closed(users, think)
    model = foretold(load, known.demand or Demand(WAIT))
    took = response or model.response
    window = measured(users, took + think)
    unseen = {} if known.ours else dict.fromkeys(("server_cpu", "processes_cpu", "memory", "connections"))
    seen = {
        **unseen,
        "response_ms": window.requests * took * 1000,
        "latency": {took * 1000: window.requests},
        "service_times": service_times(window.requests if known.ours else 0, took),
        "first": [*first_of(service, scenario, load)],
    }
    done = Step(
        service=service,
        repeat=repeat,
        load=load,
        warmup=0.5,
        window=10.0,
        predicted=None if known.demand is None else model,
        measured=window.model_copy(update=seen),
        bound=model.bound,
        doubts=[],
    )
    return done.model_copy(update=changes)


WARMUP = 0.5
"""Seconds of the warm-up of an open step."""


def good_within(deadline: float, model: Forecast) -> int:
    """Return the predicted number of arrivals that are served within `deadline` seconds."""
    return sum(number for milliseconds, number in model.latency.items() if milliseconds < deadline * 1000)


def arrived(load: Open, model: Forecast, seconds: float = 10.0, **changes: Any) -> Arrived:
    """Return the arrivals of a window of an open load that fare as in `model`, each sent on time by a free client."""
    served = sum(model.latency.values())
    known = Arrived(
        seconds=seconds,
        offered=served + model.lost,
        lost=model.lost,
        spent_ms=model.in_flight * seconds * 1000,
        service_ms=model.latency,
        late_ms={0.25: served} if served else {},
        waited=0,
        early=0,
        clients=load.most_in_flight,
        in_flight=model.in_flight,
        edges=round(model.in_flight),
        slope=model.slope,
        shares=[served],
    )
    return known.model_copy(update=changes)


@cache
def forecast_of(service: str, scenario: str, load: Open, repeat: int, seconds: float) -> tuple[Forecast, float]:
    """Return what the replay predicts of a step, and the requests that it sees served per second."""
    demand = contender(service, scenario).demand or Demand(WAIT)
    return forecast(load.schedule(repeat), load, demand, (WARMUP, seconds))


def generator_part(place: int = 0, **changes: Any) -> GeneratorWindow:
    """Return the part of one of two load generators: ten users, each of whom waits 100 ms."""
    known = GeneratorWindow(
        name=f"generator {place + 1}",
        host="here",
        local=True,
        share=Share(place, 2),
        users=(10, 10),
        seconds=10.0,
        requests=1000,
        failures=0,
        response_ms=100_000.0,
        latency={99.0: 200, 100.0: 600, 101.0: 200},
        cpu=0.3,
        stalled=0.01,
        throttled=0.0,
        busy=0.3,
        opened=0.0,
        closed=10.0,
    )
    return known.model_copy(update=changes)


def open_step(
    service: str, load: Open, *, repeat: int = 1, seconds: float = 10.0, scenario: str = "delay", **changes: Any
) -> Step:
    """Return one step of an open load as the replay predicts it, with a deadline of 1 s, unless `changes` differ."""
    known = contender(service, scenario)
    demand = known.demand or Demand(WAIT)
    model, served = forecast_of(service, scenario, load, repeat, seconds)
    requests, total = round(served * seconds), sum(ms * number for ms, number in model.latency.items())
    mean = total / max(1, sum(model.latency.values()))
    fates = arrived(load, model, seconds)
    seen = {
        "requests": requests,
        "response_ms": requests * mean,
        "latency": model.latency,
        "good": [good_within(1.0, model)],
        "arrivals": fates,
        "service_times": service_times(requests if known.ours else 0),
    }
    prediction = foretold(load, demand).model_copy(update={"throughput": served, "arrivals": model})
    done = Step(
        service=service,
        repeat=repeat,
        load=load,
        warmup=WARMUP,
        window=seconds,
        predicted=None if known.demand is None else prediction,
        measured=measured(seconds=seconds).model_copy(update=seen),
        bound=prediction.bound,
        doubts=[],
    )
    return done.model_copy(update=changes)


def lineup_of(
    names: Sequence[str] = tuple(lineup(2)), *, ways: Sequence[str] = tuple(WAYS), **changes: Any
) -> dict[str, Results]:
    """Return the three comparisons of a line-up as the model predicts them, with `changes` made to every step."""
    found = {}
    for way in ways:
        steps = [
            step(name, load.users, scenario=way, think=load.think, **changes)
            for name in names
            for load in WAYS[way].loads
        ]
        found[way] = results(steps, scenario=way)
    return found


def stuck(service: str, users: int, succeeded: int = 0, **changes: Any) -> Step:
    """Return a step in deadlock: all requests of `users` waiting clients timed out, except `succeeded` of them."""
    known = contender(service, "ask")
    load = Closed(users)
    model = foretold(load, known.demand or Demand(WAIT))
    window = measured(users, model.response)
    failed = window.requests - succeeded
    broken = {"failures": failed, "errors": {"status 504": failed}, "first": first(load, known)}
    return step(service, users, scenario="ask", measured=window.model_copy(update=broken), **changes)


def not_run(service: str, users: int) -> Step:
    return step(service, users, measured=None, bound="not run")


def results(steps: Sequence[Step], *, complete: bool = True, scenario: str = "delay") -> Results:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Results(
        schema_version=SCHEMA,
        started=now,
        finished=now,
        complete=complete,
        failure=None,
        command=["sync-vs-async", "compare"],
        generator_command=["generate"],
        cores=SHARED,
        options=options(scenario=scenario, loads=sorted({step.load for step in steps}, key=lambda load: load.amount)),
        machine=Machine(
            cores=2,
            memory=2**32,
            processor="a processor",
            system="a system",
            python="3.11.0",
            packages={"aiohttp": "3.0"},
            commit=None,
        ),
        contenders=[contender(name, scenario) for name in dict.fromkeys(step.service for step in steps)],
        steps=list(steps),
    )
