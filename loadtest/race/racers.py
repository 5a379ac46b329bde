"""Who races: services and where they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from contract import ports
from contract.settings import Settings
from loadtest.contenders.service import Service
from serving import aiohttp_workers

RACERS = "RACERS"
"""The environment variable that names them to Locust's process."""

TWINS = {
    "sync_app": ("gthread", "SYNC_APP_URL", f"http://127.0.0.1:{ports.SYNC_APP}"),
    "async_app": (aiohttp_workers.DEFAULT, "ASYNC_APP_URL", f"http://127.0.0.1:{ports.ASYNC_APP}"),
}
"""Of each twin as it is when it is started by hand: its worker class, and where it is, by a variable or by default."""


@dataclass(frozen=True)
class Racer:
    """One service of the race."""

    service: Service
    url: str
    assumed: bool = False
    """Whether what it is made of is what this environment would make of it: who started it is not known."""

    @property
    def name(self) -> str:
        """That of the service, which no other racer has."""
        return self.service.name


def twins(environment: Mapping[str, str]) -> list[Racer]:
    """Both twins, each as large as `environment` would make it.

    Raises:
        ValueError: where a variable of it cannot be used.

    """
    settings = Settings.from_mapping(environment)
    workers, threads, pool_size = settings.web_concurrency, settings.threads, settings.pool_size
    return [
        Racer(Service(name, name, worker_class, workers, threads, pool_size), environment.get(variable, url), True)
        for name, (worker_class, variable, url) in TWINS.items()
    ]


def written(racers: Sequence[Racer]) -> str:
    """The value of RACERS that names these."""
    return json.dumps([asdict(racer) for racer in racers])


def read(text: str) -> list[Racer]:
    """The racers that were `written`."""
    return [Racer(Service(**racer.pop("service")), **racer) for racer in json.loads(text)]
