"""results.json: everything that a run measured, enough to draw it again without running anything."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from loadtest.workload import Load
from loadtest.workload.demand import Demand
from loadtest.workload.scenarios import ABOUT

from . import atomic
from .exchange import Exchange

SCHEMA = 5

FILE = "results.json"


def _known(scenario: str) -> str:
    if scenario not in ABOUT:
        raise ValueError(f"there is no scenario {scenario!r}")
    return scenario


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError(f"the name {name!r} cannot be printed")
    return name


Name = Annotated[str, AfterValidator(_printable)]


def _possible(demand: Demand) -> Demand:
    if demand.wait <= 0 or any(limit.capacity < 1 or limit.held <= 0 for limit in demand.limits):
        raise ValueError("a request that takes no time, or nothing to hold")
    return demand


class Record(BaseModel):
    """A part of the file. What it does not know is refused, so that an older reader never misreads a newer file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Machine(Record):
    """Where it ran."""

    cores: int
    memory: int
    """Bytes."""
    processor: str
    system: str
    python: str
    packages: dict[str, str]
    commit: str | None
    """The git commit, with a + where the work tree differed; None outside a checkout."""


class Contender(Record):
    """One service that was compared."""

    name: Name
    made_of: str
    software: dict[str, str]
    """The versions of its framework, of the server that speaks HTTP for it where that is another, and of what else runs
    its requests; empty where nobody knows."""
    adapter_lines: Annotated[int, Field(ge=1)] | None
    """Lines of code that serve the contract with its framework; None where it is not ours."""
    kind: Literal["blocking", "non-blocking", "unknown"]
    processes: Annotated[int, Field(ge=1)] | None
    threads: Annotated[int, Field(ge=1)] | None
    slots: Annotated[int, Field(ge=1)] | None
    """Requests that it can wait for at once; None: as many as come, or unknown."""
    demand: Annotated[Demand, AfterValidator(_possible)] | None
    """What a request of the scenario demands of it; None where nobody knows how long a request waits."""
    ours: bool
    command: list[str]
    """The exact command that served it; empty where it ran already."""
    environment: dict[str, str]
    """What it was told beside its command. Where its database is stays untold: that may hold a password."""


class Options(Record):
    """What was asked for."""

    scenario: Annotated[str, AfterValidator(_known)]
    loads: list[Load]
    delay: str
    wait: float
    """`delay` in seconds."""
    seconds: float
    repeats: int


class Predicted(Record):
    """What the model says: requests per second, seconds, and what binds them (see workload)."""

    throughput: float
    response: float
    bound: str


class ServiceTimes(Record):
    """What the service told of the requests of a window, summed up. Milliseconds."""

    requests: int
    """Those of which it told anything: of one that was given up, or refused by its server, it does not."""
    response_ms: float
    """As their users saw them."""
    waited_ms: float
    served_ms: float
    """From the service's first sight of a request until its response began, the wait among them."""
    received_ms: float
    """From the response's headers to its last byte: the wait of a slow stream."""


class Measured(Record):
    """What one window saw."""

    opened: float
    """Unix time."""
    seconds: Annotated[float, Field(gt=0)]
    requests: int
    failures: int
    response_ms: float
    """The sum of all response times, in milliseconds."""
    latency: dict[float, int]
    """Milliseconds, to three significant digits, to how many requests took so long."""
    errors: dict[str, int]
    unfinished: int
    """Requests sent before the window opened and not answered when it closed."""
    generator_cpu: float
    """Cores that the load generator used; one is all that it can."""
    machine_cpu: float
    """The share of all cores that was busy, from 0 to 1."""
    stolen_cpu: float
    """The share of all cores that the hypervisor gave to others."""
    server_cpu: float | None
    """Cores that all processes of the service used; None where it is not ours."""
    busiest_cpu: float | None
    """Cores that the busiest of its processes used."""
    memory: int | None
    """Bytes of all its processes at the window's end, see services.Usage."""
    died: int
    """Processes of the service that were gone at the window's end."""
    connections: list[int] | None
    """Connections of each worker process at the window's end."""
    service_times: ServiceTimes
    first: list[Exchange]
    """The first requests of the step, before the window, in the order of sending. Zero is when all users were there."""


class Step(Record):
    """One load on one service, in one repeat."""

    service: Name
    repeat: int
    load: Load
    warmup: float
    window: float
    predicted: Predicted | None
    """None for a service that is not ours: nothing is known of its wait and of its slots."""
    measured: Measured | None
    """None: not run, because the service was saturated before."""
    bound: str
    """What bound the throughput."""
    doubts: list[str]
    """Why it is inconclusive; empty: it is not."""


class Results(Record):
    """One run of compare."""

    schema_version: Annotated[int, Field(ge=SCHEMA, le=SCHEMA)]
    started: AwareDatetime
    finished: AwareDatetime
    complete: bool
    """False where the run was interrupted, or failed."""
    failure: str | None
    """What failed, in one line."""
    command: list[str]
    generator_command: list[str]
    options: Options
    machine: Machine
    contenders: list[Contender]
    steps: list[Step]

    @model_validator(mode="after")
    def knows_its_services(self) -> Self:
        """Refuse two services of one name, and steps of a service that is not among the contenders."""
        names = [each.name for each in self.contenders]
        if len(set(names)) < len(names):
            raise ValueError(f"one name for two services among {', '.join(names)}")
        strangers = {step.service for step in self.steps} - {each.name for each in self.contenders}
        if strangers:
            raise ValueError(f"steps of {', '.join(sorted(strangers))}, which did not take part")
        return self


def save(results: Results, folder: Path) -> Path:
    """Write `results.json` into `folder`, whole or not at all, and point `latest` beside it there."""
    path = write(results, folder)
    point(folder)
    return path


def write(results: Results, folder: Path) -> Path:
    """Write `results.json` into `folder`, whole or not at all; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    return atomic.write(folder / FILE, results.model_dump_json(indent=1) + "\n")


def point(folder: Path) -> None:
    """Let `latest` beside `folder` point there, if it can: results are not lost for the want of a pointer."""
    link = folder.parent / f".latest-{os.getpid()}"
    with suppress(OSError):
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(folder.name)
            link.replace(folder.parent / "latest")
        finally:
            link.unlink(missing_ok=True)


def load(path: Path) -> Results:
    """Read a results file; a ValueError, of one sentence, where it is not a whole one of this schema version."""
    text = path.read_bytes()
    try:
        return Results.model_validate_json(text)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        for each in errors:
            if each["loc"] == ("schema_version",) and each["type"].endswith("than_equal"):
                raise ValueError(
                    f"{path} is of schema version {each['input']}; this version reads {SCHEMA}: run compare again."
                ) from None
        where = ".".join(map(str, errors[0]["loc"])) or "the file"
        what = errors[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"{path} is not a results file of schema version {SCHEMA}: {where}: {what}.") from None
