"""Options, parameter types and error reporting that the commands share."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar, get_args

import click
from click.shell_completion import CompletionItem

from backing.environment import Need
from backing.postgres import CONNECTIONS
from contract.settings import Settings
from loadtest.contenders import cores
from loadtest.contenders.cores import Cores
from loadtest.contenders.selection import ALL, every
from loadtest.contenders.service import Service, lineup
from loadtest.results.schema import FILE, Options
from loadtest.workload import Load
from loadtest.workload.durations import seconds as seconds_of
from loadtest.workload.open import MOST, PATIENCE, Arrivals, Open
from loadtest.workload.scenarios import SCENARIOS, longest

QUICK_SERVICES = ("flask", "flask-threads", "aiohttp")
"""The services of a quick comparison, and the default services of a race."""

F = TypeVar("F", bound=Callable[..., Any])


class Mistake(click.ClickException):
    """A mistake on the command line. The message is one sentence."""


@contextmanager
def mistakes() -> Iterator[None]:
    """Convert a ValueError raised in the context into a Mistake with the same message."""
    try:
        yield
    except ValueError as error:
        raise Mistake(str(error)) from None


class Command(click.Command):
    """A command whose epilog, with examples to paste, is printed without rewrapping."""

    def format_epilog(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the exit statuses."""
        formatter.write(f"\n{self.epilog}\n")


class CoresOption(click.ParamType[Cores]):
    """The cores of the services, and those of everything else."""

    name = "LIST"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Cores:
        """Return the cores. Raises Mistake if the text names none, or cores that this process may not use."""
        with mistakes():
            return cores.parsed(value) if isinstance(value, str) else value


NO_SERVICES = "none"
"""The value of --services that names no service, where a command can do without one."""


class Services(click.ParamType[list[Service]]):
    """A comma-separated list of services. `optional`: NO_SERVICES stands for an empty one."""

    name = "A,B"

    def __init__(self, *, optional: bool = False) -> None:
        self._optional = optional

    def convert(self, value: Any, _param: click.Parameter | None, context: click.Context | None) -> list[Service]:
        """Return the named services, sized for `--cores`. Raises Mistake if one is unknown or not installed."""
        apart = context.params.get("cores") if context else None
        if value == NO_SERVICES and self._optional:
            return []
        with mistakes():
            return named(value, apart or cores.SHARED) if isinstance(value, str) else value

    def shell_complete(self, _context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the last service of the list with the names of the line-up."""
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in (*lineup(1), ALL) if name.startswith(last)]


class Number(click.ParamType[float]):
    """A number from `least` to `most`: an integer if `least` is one, else a float."""

    def __init__(self, option: str, least: float, most: float) -> None:
        self.name = "N"
        self._option, self._least, self._most = option, least, most
        self._kind = type(least)

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> float:
        """Return the number. Raises Mistake if the text is not a number or is out of range."""
        try:
            number = self._kind(value)
        except ValueError:
            number = None
        if number is None or not self._least <= number <= self._most:  # NaN fails every comparison
            what = "a whole number" if self._kind is int else "a number"
            limits = f"from {self._least:.15g} to {self._most:.15g}"  # :g alone would write 10**9 as 1e+09
            raise Mistake(f"{self._option} takes {what} {limits}; got {value}.")
        return number


class Duration(click.ParamType[float]):
    """A duration longer than 0, in seconds or with a unit."""

    name = "DURATION"

    def __init__(self, option: str) -> None:
        self._option = option

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> float:
        """Return the seconds. Raises Mistake if the text is no duration, or 0."""
        with mistakes():
            found = seconds_of(self._option, value, "1ms") if isinstance(value, str) else float(value)
        if found < 0.001:
            raise Mistake(f"{self._option} takes at least 1ms; got {value!r}.")
        return found


SECONDS = Number("--seconds", 0.5, 600.0)
CLIENTS = Number("--clients", 1, 100_000)
SEED = Number("--seed", 0, 10**9)
SLOW_CLIENTS_RANGE = Number("--slow-clients", 1, 1000)
REPEATS = Number("--repeats", 1, 20)

out_folder = click.option(
    "--out", metavar="DIR", default="results", show_default=True, help="Folder for results, one new folder per run."
)
opened = click.option("--open", "opened", is_flag=True, help="Open the HTML page in a browser when it is drawn.")
traced = click.option(
    "--trace", is_flag=True, help="Also write the first requests of each step to trace.json, for ui.perfetto.dev."
)


cores_option = click.option(
    "--cores",
    type=CoresOption(),
    metavar="LIST",
    default=cores.halves,
    is_eager=True,  # the sizes of the services follow
    help="Cores of the services, and of the load generator, database and upstream: two lists such as "
    f"{cores.EXAMPLE}, or {cores.SHARED_WORD} (default: one half of the cores each; shared if there is only one, or if "
    "the system cannot bind processes to cores).",
)


OPEN = ("arrivals", "seed", "patience", "clients")
"""The parameters of an open load, beside its rate."""


def open_options(function: F) -> F:
    """Add the options of an open load: how requests arrive, and when clients give up."""
    for option in (
        click.option(
            "--clients",
            type=CLIENTS,
            help="The most requests that can be in flight; further arrivals wait until a client is free (default: as "
            f"many as arrive within the patience, at most {MOST}).",
        ),
        click.option(
            "--patience",
            type=Duration("--patience"),
            help="Time after which a client gives up, from the intended start of its request (default: "
            f"{PATIENCE:g}s).",
        ),
        click.option(
            "--seed", type=SEED, help="Seed of the schedules: every service gets the same arrivals (default: 1)."
        ),
        click.option(
            "--arrivals",
            type=click.Choice(get_args(Arrivals)),
            help="poisson: arrivals independent of each other, as those of many people; even: at equal intervals "
            "(default: poisson).",
        ),
    ):
        function = option(function)
    return function


def open_loads(rates: Sequence[float], given: Mapping[str, Any]) -> list[Load]:
    """Return the open loads with these rates. `given`: the parameters that OPEN names; None stands for the default."""
    return [Open(rate, **{name: value for name, value in given.items() if value is not None}) for rate in rates]


def refuse_impatience(options: Options) -> None:
    """Raise Mistake if clients give up before an answer can come, or before it would be late."""
    latest = max(options.deadlines, default=0.0)
    for patience in (load.patience for load in options.loads if isinstance(load, Open)):
        if takes_the_delay(options.scenario) and options.wait >= patience:
            raise Mistake(f"--patience must be longer than --delay, or no request is answered; got {patience:g}s.")
        if latest > patience:
            raise Mistake(f"--patience must be at least as long as the deadline, {latest:g}s; got {patience:g}s.")


def takes_the_delay(scenario: str) -> bool:
    """Return True if requests of a scenario take at least the delay: those to a disk and to /healthz ignore it."""
    known = SCENARIOS.get(scenario)
    return known is None or (known.foretold and known.waits)


def refuse_too_many_connections(services: Sequence[Service], needs: Collection[Need]) -> None:
    """Raise Mistake if a service would open more connections than the embedded database, if needed, accepts."""
    if "database" not in needs or os.environ.get("DATABASE_URL"):
        return
    for service in services:
        if service.connections > CONNECTIONS:
            raise Mistake(
                f"{service.name} would open {service.connections} connections to the database, which accepts "
                f"{CONNECTIONS}; choose a smaller pool-size or fewer workers."
            )


def services_option(about: str, default: str | None = None, *, optional: bool = False) -> Callable[[F], F]:
    """Return the option --services with `about` as its help text. `optional`: it may name none."""
    return click.option(
        "--services",
        type=Services(optional=optional),
        metavar="A,B",
        default=default,
        show_default=default is not None,
        help=about,
    )


def names() -> str:
    """Return the names of all services of the line-up, separated by commas, for a help text."""
    return ", ".join(lineup(1))


def named(text: str, apart: Cores = cores.SHARED) -> list[Service]:
    """Return the services in a comma-separated list, sized for their cores. Raises ValueError as `chosen` does."""
    settings = Settings.from_mapping(os.environ)
    most = settings.max_in_flight if "MAX_IN_FLIGHT" in os.environ else None
    known = {name: replace(each, max_in_flight=most) for name, each in lineup(apart.usable, settings.pool_size).items()}
    return every(text, known)


def refuse_twice(names: Sequence[str], done: str) -> None:
    """Raise Mistake if two services have the same name: their figures would be merged."""
    if len(set(names)) < len(names):
        raise Mistake(f"Each service can be {done} once; got {', '.join(names)}.")


def folder(text: str) -> Path:
    """Return the folder at path `text`, created if missing. Raises Mistake if it is not writable."""
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):  # find out now, before a run is measured and lost
            return folder
    except OSError as error:
        raise Mistake(f"--out {text!r} cannot be written to: {error.strerror}.") from None


def results_file(path: Path) -> Path:
    """Return the results file at `path`, or in the folder `path`. Raises Mistake if there is none."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise Mistake(f"There is no file {str(file)!r}.")
    return file


def wait_of(delay: str, scenario: str) -> float:
    """Return the seconds that a request waits. Raises Mistake if it is under 1 ms or too long for the scenario."""
    wait = seconds_of("--delay", delay, "1ms", longest(scenario))
    if wait < 0.001:
        raise Mistake(f"--delay takes at least 1ms, so that there is a wait to measure; got {delay!r}.")
    if wait > longest(scenario):
        raise Mistake(f"--delay takes at most {longest(scenario):g}s for {scenario}; got {delay!r}.")
    return wait
