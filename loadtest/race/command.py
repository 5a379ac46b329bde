"""The processes of a race: its services, and Locust, which waits for a start from its web page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from backing.processes import PYTHON
from contract import ports
from loadtest.contenders.service import Service
from loadtest.processes.room import LOOPBACK, Room
from loadtest.processes.stack import RACE, StackProcess, parts
from loadtest.web_ui.racers import RACERS, Racer, written

from . import invitation, wall
from .public import PUBLIC_URL
from .wall import Asked


def race(
    services: Iterable[Service], public_url: str = "", room: Room | None = None, asked: Asked | None = None
) -> list[StackProcess]:
    """Return the processes of the services, and Locust, which waits for a start from its web page.

    A proxy may publish the page at `public_url`. Others look at it at the addresses of `room`, and predict the answer
    to the question `asked` there.

    Raises:
        ValueError: if the question is about a service that does not race.

    """
    racing = [*services]
    if asked and asked.racer not in [service.name for service in racing]:
        raise ValueError(f"The question is about {asked.racer}, which is not in the race.")
    served = parts(racing)
    racers = [Racer(each, part.url) for each, part in zip(racing, served, strict=True)]
    return [*served, locust(racers, public_url=public_url, room=room, asked=asked)]


def locust(
    racers: Sequence[Racer],
    port: int = ports.LOCUST,
    public_url: str = "",
    room: Room | None = None,
    asked: Asked | None = None,
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
    environment = {
        RACERS: written(racers),
        PUBLIC_URL: public_url,
        invitation.ROOM: invitation.written(room),
        wall.ASKED: wall.written(asked),
    }
    hosts = (LOOPBACK, *(room.addresses if room else ()))
    others = tuple(invitation.urls(room, port, asks=asked is not None))
    return StackProcess(RACE, command, port, environment, about, folder, hosts=hosts, others=others)
