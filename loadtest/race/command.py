"""The processes of a race: its services, and Locust, which waits for a start from its web page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from backing.processes import PYTHON
from contract import ports
from loadtest.contenders.service import Service
from loadtest.processes.room import LOOPBACK
from loadtest.processes.stack import RACE, StackProcess, parts
from loadtest.web_ui.racers import RACERS, Racer, written

from . import audience
from .audience import AUDIENCE, NOBODY, Audience
from .public import PUBLIC_URL


def race(services: Iterable[Service], public_url: str = "", others: Audience = NOBODY) -> list[StackProcess]:
    """Return the processes of the services, and Locust, which waits for a start from its web page.

    A proxy may publish the page at `public_url`. `others`: those who look at it, and the question that they are asked.

    Raises:
        ValueError: if the question is about a service that does not race.

    """
    racing = [*services]
    if others.asked and others.asked.racer not in [service.name for service in racing]:
        raise ValueError(f"The question is about {others.asked.racer}, which is not in the race.")
    served = parts(racing)
    racers = [Racer(each, part.url) for each, part in zip(racing, served, strict=True)]
    return [*served, locust(racers, public_url=public_url, others=others)]


def locust(
    racers: Sequence[Racer], port: int = ports.LOCUST, public_url: str = "", others: Audience = NOBODY
) -> StackProcess:
    """Return the Locust process that serves the page of a race of `racers`. See `race` for the other parameters."""
    folder = Path(__file__).parent  # Locust imports modules, and reads settings, from its working directory
    command = [
        *(*PYTHON, "locust"),
        *("--locustfile", str(folder / "locustfile.py")),
        *("--web-host", LOOPBACK),
        *("--web-port", str(port)),
        *("--stop-timeout", "60s"),
        *("--loglevel", "ERROR"),  # less severe messages name another page, or repeat what the race page shows
    ]
    about = f"through the proxy: {public_url.rstrip('/')}/race" if public_url else ""
    environment = {RACERS: written(racers), PUBLIC_URL: public_url, AUDIENCE: audience.written(others)}
    hosts = (LOOPBACK, *others.addresses)
    return StackProcess(RACE, command, port, environment, about, folder, hosts=hosts, others=others.urls(port))
