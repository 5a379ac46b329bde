"""Measurements that never took place: a closed system that behaves, and whatever is to be wrong with it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from loadtest.lineup import lineup
from loadtest.model import Load, predict
from loadtest.results import SCHEMA, Contender, Machine, Measured, Options, Predicted, Results, Step

WAIT = 0.1
SLOTS = {"flask": 5, "flask-threads": 64, "aiohttp": None, "stranger": None}


def options(**changes: Any) -> Options:
    asked = Options(users=[1, 50, 400], delay="100ms", wait=WAIT, think=0.0, seconds=10.0, repeats=1, quick=False)
    return asked.model_copy(update=changes)


def contender(name: str, **changes: Any) -> Contender:
    """A service of the line-up on two cores, or one that is not ours."""
    service = lineup(2).get(name)
    known = Contender(
        name=name,
        made_of=service.made_of if service else "http://127.0.0.1:9/",
        kind=service.kind if service else "unknown",
        processes=service.workers if service else None,
        threads=service.threads if service else None,
        slots=service.slots if service else None,
        ours=service is not None,
        command=["serve", name] if service else [],
    )
    return known.model_copy(update=changes)


def predicted(users: int, slots: int | None = None, think: float = 0.0) -> Predicted:
    return Predicted(**asdict(predict(users, Load(WAIT, think), slots)))


def measured(users: int = 10, response: float = WAIT, seconds: float = 10.0, **changes: Any) -> Measured:
    """A window in which `users` users had answers after `response` seconds each, without an error."""
    requests = round(users * seconds / response)
    clean = Measured(
        opened=1_700_000_000.0,
        seconds=seconds,
        requests=requests,
        failures=0,
        response_ms=requests * response * 1000,
        latency={response * 1000: requests},
        per_second={1_700_000_000: requests},
        errors={},
        unfinished=0,
        generator_cpu=0.1,
        machine_cpu=0.2,
        stolen_cpu=0.0,
        server_cpu=0.5,
        busiest_cpu=0.25,
        memory=100 * 2**20,
        died=0,
        connections=[5, 5],
    )
    return clean.model_copy(update=changes)


def step(
    service: str, users: int, response: float | None = None, *, repeat: int = 1, think: float = 0.0, **changes: Any
) -> Step:
    """One step, as the model has it unless `response` says otherwise."""
    model = predicted(users, SLOTS[service], think)
    window = measured(users, (response or model.response) + think)
    done = Step(
        service=service,
        repeat=repeat,
        users=users,
        warmup=0.5,
        window=10.0,
        predicted=model,
        measured=window.model_copy(update={"latency": {(response or model.response) * 1000: window.requests}}),
        bound="slots" if model.saturated else "users",
        doubts=[],
    )
    return done.model_copy(update=changes)


def not_run(service: str, users: int) -> Step:
    return step(service, users, measured=None, bound="not run")


def results(steps: Sequence[Step], *, complete: bool = True, think: float = 0.0) -> Results:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Results(
        schema_version=SCHEMA,
        started=now,
        finished=now,
        complete=complete,
        failure=None,
        command=["sync-vs-async", "compare"],
        generator_command=["generate"],
        options=options(think=think, users=sorted({step.users for step in steps})),
        machine=Machine(
            cores=2,
            memory=2**32,
            processor="a processor",
            system="a system",
            python="3.11.0",
            packages={"aiohttp": "3.0"},
            commit=None,
        ),
        contenders=[contender(name) for name in dict.fromkeys(step.service for step in steps)],
        steps=list(steps),
    )
