"""The processes of a race: its services, and Locust, which waits for a start from its web page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from backing.processes import PYTHON
from contract import ports
from loadtest.contenders.service import Service
from loadtest.processes.stack import RACE, StackProcess, parts
from loadtest.web_ui.racers import RACERS, Racer, written

from .public import PUBLIC_URL


def race(services: Iterable[Service], public_url: str = "") -> list[StackProcess]:
    """Return the processes of the services, and Locust, which waits for a start from its web page."""
    racing = [*services]
    served = parts(racing)
    racers = [Racer(each, part.url) for each, part in zip(racing, served, strict=True)]
    return [*served, locust(racers, public_url=public_url)]


def locust(racers: Sequence[Racer], port: int = ports.LOCUST, public_url: str = "") -> StackProcess:
    """Return the Locust process that serves the page of a race of `racers`; a proxy may publish it at `public_url`."""
    folder = Path(__file__).parent  # Locust imports modules, and reads settings, from its working directory
    command = [
        *(*PYTHON, "locust"),
        *("--locustfile", str(folder / "locustfile.py")),
        *("--web-host", "127.0.0.1"),
        *("--web-port", str(port)),
        *("--stop-timeout", "60s"),
        *("--loglevel", "ERROR"),  # less severe messages name another page, or repeat what the race page shows
    ]
    about = f"through the proxy: {public_url.rstrip('/')}/race" if public_url else ""
    return StackProcess(RACE, command, port, {RACERS: written(racers), PUBLIC_URL: public_url}, about, folder)
