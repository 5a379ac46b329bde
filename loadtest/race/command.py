"""The processes of a race: its services, and Locust, which waits for a start from its web page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from backing.processes import PYTHON
from contract import ports
from loadtest.contenders.service import Service
from loadtest.processes.stack import RACE, StackProcess, parts

from .racers import RACERS, Racer, written


def race(services: Iterable[Service]) -> list[StackProcess]:
    """Return the processes of the services, and Locust, which waits for a start from its web page."""
    racing = [*services]
    served = parts(racing)
    return [*served, locust([Racer(each, part.url) for each, part in zip(racing, served, strict=True)])]


def locust(racers: Sequence[Racer], port: int = ports.LOCUST) -> StackProcess:
    """Return the Locust process that serves the page of a race of `racers`."""
    folder = Path(__file__).parent  # Locust imports modules, and reads settings, from its working directory
    command = [
        *(*PYTHON, "locust"),
        *("--locustfile", str(folder / "locustfile.py")),
        *("--web-host", "127.0.0.1"),
        *("--web-port", str(port)),
        *("--stop-timeout", "60s"),
        *("--loglevel", "ERROR"),  # less severe messages name another page, or repeat what the race page shows
    ]
    return StackProcess(RACE, command, port, {RACERS: written(racers)}, folder=folder)
