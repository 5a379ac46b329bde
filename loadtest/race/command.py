"""The processes of a race: its services, Locust, which waits for a start from its web page, and its load generators."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from socket import create_server

from backing.processes import PYTHON
from contract import ports
from loadtest.contenders.service import Service
from loadtest.processes.room import LOOPBACK
from loadtest.processes.stack import GENERATOR, RACE, StackProcess, parts
from loadtest.web_ui.racers import RACERS, Racer, written

from . import audience
from .audience import AUDIENCE, NOBODY, Audience
from .public import PUBLIC_URL
from .watches import Watches, watched

GENERATORS, PLACE = "GENERATORS", "GENERATOR"
"""The environment variables that pass Locust's processes the number of load generators, and each its place, from 0."""


FOLDER = Path(__file__).parent
"""The working directory, from which Locust imports modules and reads settings."""

LOCUST = (
    *(*PYTHON, "locust"),
    *("--locustfile", str(FOLDER / "locustfile.py")),
    *("--loglevel", "ERROR"),  # less severe messages name another page, or repeat what the race page shows
)
"""The command of a Locust process."""


def race(
    services: Iterable[Service],
    public_url: str = "",
    others: Audience = NOBODY,
    generators: int = 1,
    watches: Watches | None = None,
) -> list[StackProcess]:
    """Return the processes of the services, and Locust, which waits for a start from its web page.

    A proxy may publish the page at `public_url`. `others`: those who look at it, and the question that they are asked.
    `generators`: the number of load generators; if there are several, each is a process beside that of the page.
    `watches`: those of the services that are watched.

    Raises:
        ValueError: if the question is about a service that does not race.

    """
    racing = [*services]
    if others.asked and others.asked.racer not in [service.name for service in racing]:
        raise ValueError(f"The question is about {others.asked.racer}, which is not in the race.")
    watches = watches or {}
    served = [watched(part, watches) for part in parts(racing)]
    racers = [
        Racer(each, part.url, reports=str(watches[each.name].folder) if each.name in watches else "")
        for each, part in zip(racing, served, strict=True)
    ]
    page = locust(racers, public_url=public_url, others=others)
    return [*served, *([page] if generators == 1 else distributed(page, generators))]


def locust(
    racers: Sequence[Racer], port: int = ports.LOCUST, public_url: str = "", others: Audience = NOBODY
) -> StackProcess:
    """Return the Locust process that serves the page of a race of `racers`. See `race` for the other parameters."""
    command = [*LOCUST, "--web-host", LOOPBACK, "--web-port", str(port), "--stop-timeout", "60s"]
    about = f"through the proxy: {public_url.rstrip('/')}/race" if public_url else ""
    environment = {RACERS: written(racers), PUBLIC_URL: public_url, AUDIENCE: audience.written(others)}
    hosts = (LOOPBACK, *others.addresses)
    return StackProcess(RACE, command, port, environment, about, FOLDER, hosts=hosts, others=others.urls(port))


def distributed(page: StackProcess, generators: int) -> list[StackProcess]:
    """Return `page`, a Locust process, as the master of load generators, and these, `generators` processes.

    They reach their master on a port of 127.0.0.1 that is free now.
    """
    with create_server((LOOPBACK, 0)) as free:
        port = str(free.getsockname()[1])
    told = {**page.environment, GENERATORS: str(generators)}
    command = [*page.command, "--master", "--master-bind-host", LOOPBACK, "--master-bind-port", port]
    worker = [*LOCUST, "--worker", "--master-host", LOOPBACK, "--master-port", port]
    return [
        replace(page, command=command, environment=told),
        *(
            StackProcess(f"{GENERATOR}-{place + 1}", worker, None, {**told, PLACE: str(place)}, folder=FOLDER)
            for place in range(generators)
        ),
    ]
