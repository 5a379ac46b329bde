"""The schema of results.json, which contains everything needed to draw a run's report again."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError, model_validator

from loadtest.contenders.cores import Cores
from loadtest.workload import Load
from loadtest.workload.demand import Calibration, Demand
from loadtest.workload.need import Need
from loadtest.workload.scenarios import ABOUT, OWN, title

from . import atomic
from .advice import Advice, Costs
from .arrivals import Arrived, Forecast
from .capacity import Capacity
from .exchange import Exchange
from .generators import GeneratorWindow
from .inferred import Inferred
from .record import Record
from .stalls import Stalls

SCHEMA = 7

FILE = "results.json"

MOST = 1e15
"""The largest number in a file. A sum or product of larger ones could not be drawn."""


def _known(scenario: str) -> str:
    if scenario not in (*ABOUT, OWN):
        raise ValueError(f"unknown scenario {scenario!r}")
    return scenario


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError(f"the name {name!r} cannot be printed")
    return name


Name = Annotated[str, AfterValidator(_printable)]
AnyLoad = Annotated[Load, Field(discriminator="kind")]


def _possible(demand: Demand) -> Demand:
    times = (demand.wait, demand.late, demand.inside, demand.transit, demand.beside)
    limits = demand.limits if demand.admission is None else (*demand.limits, demand.admission)
    if min(times) < 0 or any(limit.capacity < 1 or limit.held <= 0 for limit in limits):
        raise ValueError("times must be at least 0, held above 0, capacity at least 1")
    if not demand.alone:
        raise ValueError("a request must take some time")
    return demand


class Machine(Record):
    """The machine of a run."""

    cores: int | float
    """Usable cores; a CPU quota may allow a part of one."""
    memory: int
    """Bytes."""
    processor: str
    system: str
    python: str
    packages: dict[str, str]
    """Versions of the packages that a run depends on."""
    commit: str | None
    """The git commit, with a + if the work tree differed; None outside a checkout."""


class Contender(Record):
    """One service that was compared."""

    name: Name
    made_of: str
    """The set-up in words: processes, threads and slots; of a target, its request, or the command that starts it."""
    software: dict[str, str]
    """The versions of its framework, of its HTTP server if that is a separate package, and of other packages that run
    its requests; empty if unknown."""
    adapter_lines: Annotated[int, Field(ge=1)] | None
    """Lines of code that serve the contract with its framework; None for a target."""
    kind: Literal["blocking", "non-blocking", "unknown"]
    """`blocking` if a waiting request holds a thread, else `non-blocking`; unknown for a target."""
    processes: Annotated[int, Field(ge=1)] | None
    threads: Annotated[int, Field(ge=1)] | None
    slots: Annotated[int, Field(ge=1)] | None
    """Requests that can wait at once; None: unlimited or unknown."""
    demand: Annotated[Demand, AfterValidator(_possible)] | None
    """The demand of one request of the scenario; None if the wait of a request is unknown."""
    calibration: Calibration | None
    """The times measured before the first step, for the demand; None if they were not, or not with success."""
    inferred: Inferred | None = None
    """The model that the steps of a target show; None for others, and before its run has ended."""
    ours: bool
    """True for a service of the line-up, False for a target."""
    command: list[str]
    """The exact command that started the service, with {port} for a target's port; empty for a target that ran
    already."""
    environment: dict[str, str]
    """Environment variables set for the service, without the database URL, which may contain a password; empty for a
    target, whatever its file sets."""


class Pairing(Record):
    """Two services that took turns in a run, so that their figures are compared pair by pair."""

    before: Name
    """The service that is the measure."""
    after: Name
    itself: bool = False
    """True if both are the same service: what differs between them is chance."""


class Options(Record):
    """The options of a run. Times are in seconds unless they carry a unit."""

    scenario: Annotated[str, AfterValidator(_known)]
    """The kind of request; `own` for the requests of targets alone."""
    loads: list[AnyLoad]
    """The loads of the steps."""
    delay: str
    wait: float
    """`delay` in seconds; of `own` requests, whose `delay` is empty, the longest wait of the requests sent before the
    load, or 0 if it is unknown."""
    seconds: float
    """The minimum length of a window."""
    repeats: int
    deadlines: list[Annotated[float, Field(gt=0)]] = Field(default_factory=list)
    """Seconds within which an answer is good. The first one counts for goodput; further ones are objectives' own."""
    objectives: list[str] = Field(default_factory=list)
    """Objectives that a search for the capacity asks of a service, as typed."""
    requirements: list[str] = Field(default_factory=list)
    """Requirements that the run is held against, as typed."""
    slow_clients: Annotated[int, Field(ge=0, le=1000)] = 0
    """The number of clients that hold a half-sent request, in the scenario slow-clients."""

    need: Need | None = None
    """The load that services of the user's own are needed for."""
    pairings: list[Pairing] = Field(default_factory=list)
    """The services that are compared pair by pair: each repeat is a pair, and their order alternates."""

    @property
    def title(self) -> str:
        """The scenario and its delay for a heading."""
        return title(self.scenario, self.delay)


class Predicted(Record):
    """The model's prediction: requests per second, response time in seconds, and what bounds them (see workload)."""

    throughput: float
    response: float
    bound: str
    arrivals: Forecast | None = None
    """The prediction for every arrival of the window; None for a closed load, and where it cannot be predicted."""


class ServiceTimes(Record):
    """The sums, in milliseconds, of the times of a window's requests for which the service reported times."""

    requests: int
    """The number of these requests. Requests that timed out, or that the server refused, have no reported times."""
    response_ms: float
    """Response times as the users measured them."""
    waited_ms: float
    served_ms: float
    """Time from the moment when the service received a request until its response began, including the wait."""
    received_ms: float
    """Time from the response's headers to its last byte: the wait of a slow stream."""


class Slice(Record):
    """A slice of a window: its seconds, the requests that ended in it, and the sum of their response times."""

    seconds: Annotated[float, Field(gt=0)]
    requests: int
    response_ms: float


class CoreUse(Record):
    """The use of a set of cores in a window, in cores."""

    cores: Annotated[int, Field(ge=1)]
    """The number of cores of the set."""
    busy: float
    """Cores that were not idle, including stolen time and interrupts."""
    stolen: float
    """Cores that the hypervisor gave to other virtual machines."""
    interrupts: float
    """Cores that handled interrupts, time that belongs to no process."""


class Switches(Record):
    """Context switches of all threads of a service in a window."""

    voluntary: int
    """Switches of threads that began to wait: for a lock, a timer or a socket."""
    involuntary: int
    """Switches of threads that the scheduler interrupted."""


class Part(Record):
    """The requests of one name in a window. `latency` as in Measured, so of an open load without failures."""

    requests: int
    failures: int
    latency: dict[float, Annotated[int, Field(ge=1)]]


class Turns(Record):
    """The time and tasks of the users of a locustfile in a window, summed over all users."""

    tasks: Annotated[int, Field(ge=0)]
    """The tasks that ended."""
    task_ms: Annotated[float, Field(ge=0)]
    """Milliseconds in tasks, with whatever a task does between requests."""
    wait_ms: Annotated[float, Field(ge=0)]
    """Milliseconds between tasks, each wait as long as it was meant to be."""
    left: int
    """The users who had left when the window closed, by an error in on_start or by StopUser."""


class Measured(Record):
    """The measurements of one window."""

    opened: float
    """Unix time."""
    seconds: Annotated[float, Field(gt=0)]
    """The length of the window."""
    requests: int
    """Requests that ended in the window, with those that failed."""
    failures: int
    """Requests that failed: not sent, no answer, or one that was not expected."""
    response_ms: float
    """The sum of all response times, in milliseconds."""
    latency: dict[float, Annotated[int, Field(ge=1)]]
    """Response time in milliseconds, to three significant digits, to number of requests; of an open load: of the
    window's arrivals that were served, from the intended start."""
    good: list[int] = Field(default_factory=list)
    """For each deadline: the requests that were served within it; of an open load: of the window's arrivals."""
    arrivals: Arrived | None = None
    """The window's arrivals; None for a closed load."""
    errors: dict[str, int]
    """Faults in words, to number of requests."""
    unfinished: int
    """Requests sent before the window opened and not answered when it closed; 0 for an open load, whose clients give up
    after their patience."""
    generator_cpu: float
    """Cores that the load generators used; the maximum of each is 1."""
    machine_cpu: float
    """The busy share of all cores; if larger, the share of a CPU quota that service and load generator used."""
    stolen_cpu: float
    """The share of all cores that the hypervisor gave to other virtual machines, from 0 to 1."""
    server_cpu: float | None
    """Cores that all processes of the service used; None for a target whose processes cannot be seen."""
    processes_cpu: list[float] | None
    """Cores that each process of the service used, the master included; None where `server_cpu` is."""
    others_cpu: dict[str, float]
    """Cores used by the database and the upstream, if the run started them, and by the command itself, by name."""
    service_cores: CoreUse | None
    """The use of the service's cores; None if it shares them with everything else."""
    other_cores: CoreUse | None
    """The use of the cores of everything else; None if the service shares them."""
    all_ours: bool
    """True if the run started all that worked for the step; False with a target that ran already, or with a database or
    an upstream of the user's own. The CPU time of what a target calls is unknown."""
    switches: Switches | None
    """Context switches of the service; None where `server_cpu` is, and where the system does not count them for each
    thread."""
    memory: int | None
    """Bytes of all the service's processes at the window's end (see `memory_of`); None where `server_cpu` is."""
    died: int
    """Processes of the service that died during the window."""
    connections: list[int] | None
    """Connections of each worker process at the window's end; None where `server_cpu` is."""
    service_times: ServiceTimes
    first: list[Exchange]
    """The first requests of the first users of the step, before the window, in the order of sending; in an open
    model the first requests. Time 0: all users have started."""
    resent: int | None = None
    """Requests that were sent again, because the service closed the connection instead of answering; None for users
    of a locustfile, and in files from before this was counted, as in the fields below."""
    reconnected: int | None = None
    """Kept connections that the service had closed before anything was sent on them."""
    course: list[Slice] | None = None
    """The window in slices of about the same length, in their order."""
    throttled: float | None = None
    """Seconds, summed over the cores, in which a CPU quota held back the processes."""
    parts: dict[str, Part] = Field(default_factory=dict)
    """The requests by name, where users send several; of an open load, the window's arrivals that were sent."""
    turns: Turns | None = None
    """The time and tasks of the users of a locustfile; None for other users."""
    generators: list[GeneratorWindow] = Field(default_factory=list)
    """The part of each load generator, if there were several; the fields above add them."""
    faults: list[str] = Field(default_factory=list)
    """The faults of load generators during the step: one that ended, fell silent, or lost a message."""

    @property
    def busiest_generator_cpu(self) -> float:
        """Cores that the busiest load generator used."""
        return max((each.cpu for each in self.generators), default=self.generator_cpu)

    @property
    def working_generator_cpu(self) -> float:
        """Cores that the load generators with requests used: an idle one costs something, too."""
        return sum(each.cpu for each in self.generators if each.requests) if self.generators else self.generator_cpu

    @property
    def local_generator_cpu(self) -> float:
        """Cores that the load generators of the command's machine used."""
        return sum(each.cpu for each in self.generators if each.local) if self.generators else self.generator_cpu

    @property
    def busiest_cpu(self) -> float | None:
        """Cores that the service's busiest process used; None if unknown."""
        return None if self.processes_cpu is None else max(self.processes_cpu, default=0.0)


class Step(Record):
    """One load on one service, in one repeat."""

    service: Name
    repeat: int
    """The number of the repeat, from 1."""
    load: AnyLoad
    warmup: float
    """Seconds of load before the window."""
    window: float
    """The planned length of the window in seconds; `measured` has the actual one."""
    predicted: Predicted | None
    """The prediction. For a target it is made after the run, from its own steps; None where they allow none, as for 1
    user and under an open load."""
    measured: Measured | None
    """The measurements; None if the step was not run because smaller loads already saturated the service."""
    bound: str
    """The limit of the throughput."""
    doubts: list[str]
    """The reasons why the step is inconclusive; empty for a trusted step."""


class Results(Record):
    """The record of one run of compare."""

    schema_version: Annotated[int, Field(ge=SCHEMA, le=SCHEMA)]
    """The version of this format. A change of the meaning of a field, or the end of a field, changes it."""
    started: AwareDatetime
    finished: AwareDatetime
    complete: bool
    """False if the run was interrupted or failed."""
    failure: str | None
    """The error message of a failed run, in one line."""
    command: list[str]
    """The command that was typed."""
    generator_command: list[str]
    """The command of the load generator."""
    cores: Cores
    options: Options
    machine: Machine
    contenders: list[Contender]
    steps: list[Step]
    capacities: list[Capacity] = Field(default_factory=list)
    """Findings of a search for the capacity of each service; empty for other runs."""
    costs: Costs | None = None
    """The cost of a thread and of a coroutine; None unless a need was stated."""
    advice: list[Advice] = Field(default_factory=list)
    """The answers, for services of the user's own, whether they should go async for that need."""
    stalls: list[Stalls] = Field(default_factory=list)
    """Findings about the event loops of services that were watched; empty for other runs."""

    @model_validator(mode="after")
    def knows_its_services(self) -> Self:
        """Refuse duplicate service names, and steps of a service that is not among the contenders."""
        names = [each.name for each in self.contenders]
        if len(set(names)) < len(names):
            raise ValueError(f"duplicate service name among {', '.join(names)}")
        strangers = {step.service for step in self.steps} - {each.name for each in self.contenders}
        if strangers:
            raise ValueError(f"steps of unknown services: {', '.join(sorted(strangers))}")
        return self


def save(results: Results, folder: Path) -> Path:
    """Write `results.json` into `folder` atomically, point the link `latest` to the folder, and return the path."""
    path = write(results, folder)
    point(folder)
    return path


def write(results: Results, folder: Path) -> Path:
    """Write `results.json` into `folder` atomically, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    return atomic.write(folder / FILE, results.model_dump_json(indent=1) + "\n")


def point(folder: Path) -> None:
    """Point the link `latest` beside `folder` to the folder. Ignore OSError: results matter more than the link."""
    link = folder.parent / f".latest-{os.getpid()}"
    with suppress(OSError):
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(folder.name)
            link.replace(folder.parent / "latest")
        finally:
            link.unlink(missing_ok=True)


def load(path: Path) -> Results:
    """Read a results file. Raises ValueError, with one sentence, unless it is complete and of this schema version."""
    text = path.read_bytes()
    try:
        results = Results.model_validate_json(text)
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
    for where in _beyond(results.model_dump()):
        what = f"numbers go up to {MOST:g}"
        raise ValueError(f"{path} is not a results file of schema version {SCHEMA}: {where}: {what}.")
    return results


def _beyond(value: Any, *path: str | int) -> Iterator[str]:
    """Yield the place of each number that is beyond MOST."""
    if isinstance(value, int | float) and abs(value) > MOST:
        yield ".".join(map(str, path))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _beyond(key, *path, "key")
            yield from _beyond(inner, *path, key)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _beyond(inner, *path, place)
