"""results.json: everything that a run measured, enough to draw it again without running anything."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .exchange import Exchange
from .model import Load

SCHEMA = 3


class Record(BaseModel):
    """A part of the file. What it does not know is refused, so that an older reader never misreads a newer file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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

    name: str
    made_of: str
    kind: Literal["blocking", "non-blocking", "unknown"]
    processes: int | None
    threads: int | None
    slots: int | None
    """Requests that it can wait for at once; None: as many as come, or unknown."""
    load: Load | None
    """What a user of the scenario asks of it; None where nobody knows how long a request waits."""
    ours: bool
    command: list[str]
    """The exact command that served it; empty where it ran already."""
    environment: dict[str, str]
    """What it was told beside its command. Where its database is stays untold: that may hold a password."""


class Options(Record):
    """What was asked for."""

    scenario: str
    users: list[int]
    delay: str
    wait: float
    """`delay` in seconds."""
    think: float
    seconds: float
    repeats: int
    quick: bool


class Predicted(Record):
    """What the model says: requests per second, seconds, and what binds them (see model.py)."""

    throughput: float
    response: float
    bound: str


class Told(Record):
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
    seconds: float
    requests: int
    failures: int
    response_ms: float
    """The sum of all response times, in milliseconds."""
    latency: dict[float, int]
    """Milliseconds, to three significant digits, to how many requests took so long."""
    per_second: dict[int, int]
    """Unix second to requests completed in it; the first and the last second are cut by the window."""
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
    """Resident bytes of all its processes at the window's end."""
    died: int
    """Processes of the service that were gone at the window's end."""
    connections: list[int] | None
    """Connections of each worker process at the window's end."""
    told: Told
    first: list[Exchange]
    """The first requests of the step, before the window, in the order of sending. Zero is when all users were there."""


class Step(Record):
    """One number of users on one service, in one repeat."""

    service: str
    repeat: int
    users: int
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
    started: datetime
    finished: datetime
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


def save(results: Results, folder: Path) -> Path:
    """Write `results.json` into `folder`, whole or not at all, and point `latest` beside it there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    part = folder / "results.json.part"
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(results.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    with suppress(OSError):  # a pointer is a convenience: results are not lost for the want of one
        _point(folder)
    return path


def _point(folder: Path) -> None:
    link = folder.parent / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(folder.name)
        link.replace(folder.parent / "latest")
    finally:
        link.unlink(missing_ok=True)


def load(path: Path) -> Results:
    """Read a results file.

    Raises:
        ValueError: with one sentence, where it is not a whole results file of this schema version.

    """
    try:
        return Results.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ValueError(f"{path} is not a results file of schema version {SCHEMA}: {where}: {first['msg']}.") from None
