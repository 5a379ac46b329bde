"""The processes of a race: its services, and Locust, which waits to be told to race them."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from contract import ports
from loadtest.contenders.service import Service
from loadtest.processes.stack import RACE, StackProcess, parts

from .racers import RACERS, Racer, written


def race(services: Iterable[Service]) -> list[StackProcess]:
    """Return these services, and Locust, which waits to be told to race them."""
    racing = [*services]
    served = parts(racing)
    return [*served, locust([Racer(each, part.url) for each, part in zip(racing, served, strict=True)])]


def locust(racers: Sequence[Racer], port: int = ports.LOCUST) -> StackProcess:
    """Return Locust with the page of a race of `racers`."""
    command = [
        *(sys.executable, "-m", "locust"),
        *("--locustfile", str(Path(__file__).with_name("locustfile.py"))),
        *("--web-host", "127.0.0.1"),
        *("--web-port", str(port)),
        *("--stop-timeout", "60s"),
        *("--loglevel", "ERROR"),  # it greets with another page, and warns of what the page shows or what we mean
    ]
    return StackProcess(RACE, command, port, {RACERS: written(racers)})
