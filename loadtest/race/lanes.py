"""Who races: services and where they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from contract.settings import Settings
from serving import aiohttp_workers

from ..lineup import Service

LANES = "LANES"
"""The environment variable that names them to Locust's process."""

TWINS = {
    "sync_app": ("gthread", "SYNC_APP_URL", "http://127.0.0.1:8001"),
    "async_app": (aiohttp_workers.DEFAULT, "ASYNC_APP_URL", "http://127.0.0.1:8002"),
}
"""Of each twin as it is when it is started by hand: its worker class, and where it is, by a variable or by default."""


@dataclass(frozen=True)
class Lane:
    """One service of the race."""

    service: Service
    url: str
    assumed: bool = False
    """Whether what it is made of is what this environment would make of it: who started it is not known."""

    @property
    def name(self) -> str:
        """That of the service, which no other lane has."""
        return self.service.name


def twins(environment: Mapping[str, str]) -> list[Lane]:
    """Both twins, each as large as `environment` would make it.

    Raises:
        ValueError: where a variable of it cannot be used.

    """
    settings = Settings.from_mapping(environment)
    workers, threads, pool_size = settings.web_concurrency, settings.threads, settings.pool_size
    return [
        Lane(Service(name, name, worker_class, workers, threads, pool_size), environment.get(variable, url), True)
        for name, (worker_class, variable, url) in TWINS.items()
    ]


def written(lanes: Sequence[Lane]) -> str:
    """The value of LANES that names these."""
    return json.dumps([asdict(lane) for lane in lanes])


def read(text: str) -> list[Lane]:
    """The lanes that were `written`."""
    return [Lane(Service(**lane.pop("service")), **lane) for lane in json.loads(text)]
