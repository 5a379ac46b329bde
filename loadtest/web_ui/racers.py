"""The racers: services and their URLs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from contract import ports
from contract.settings import Settings
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import Service
from loadtest.contenders.target import is_origin
from serving import aiohttp_workers

RACERS = "RACERS"
"""The environment variable that passes the racers to Locust's process."""

TWINS = {
    "sync_app": ("gthread", "SYNC_APP_URL", f"http://127.0.0.1:{ports.SYNC_APP}"),
    "async_app": (aiohttp_workers.DEFAULT, "ASYNC_APP_URL", f"http://127.0.0.1:{ports.ASYNC_APP}"),
}
"""Worker class, URL variable and default URL of each twin, if it is started by hand."""


@dataclass(frozen=True)
class Racer:
    """One service of the race."""

    service: Service
    url: str
    assumed: bool = False
    """True if the service's size is assumed from this environment, because it was started elsewhere."""
    reports: str = ""
    """The folder in which its processes report what holds their event loops; empty if it is not watched."""

    @property
    def name(self) -> str:
        """The name of the service, unique among the racers."""
        return self.service.name


def twins(environment: Mapping[str, str]) -> list[Racer]:
    """Return both twins, each with the workers, threads and pool that `environment` sets.

    Raises:
        ValueError: if a variable has an invalid value.

    """
    settings = Settings.from_mapping(environment)
    workers, threads, pool_size = settings.web_concurrency, settings.threads, settings.pool_size
    return [
        Racer(
            Service(name, name, worker_class, workers, threads, pool_size, cores=usable_cores()),
            _origin(variable, environment.get(variable, url)),
            assumed=True,
        )
        for name, (worker_class, variable, url) in TWINS.items()
    ]


def _origin(variable: str, url: str) -> str:
    """Return a twin's URL without a slash at its end. Raises ValueError, without the URL, if it is not an origin."""
    if "@" in url or not is_origin(url):
        raise ValueError(f"{variable} must be http://HOST:PORT, without a path, a user name or a password.")
    return url.rstrip("/")


def written(racers: Sequence[Racer]) -> str:
    """Return the racers as JSON, the value of RACERS."""
    return json.dumps([asdict(racer) for racer in racers])


def read(text: str) -> list[Racer]:
    """Return the racers from the JSON of `written`."""
    return [Racer(Service(**racer.pop("service")), **racer) for racer in json.loads(text)]
