"""The table of the other frameworks, one row each. Reading it imports none of them."""

import shlex
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from serving.command_line import ServiceSpec

THREADS = "gthread"
ALONE = "sync"
UVICORN = "serving.uvicorn_worker.UvicornWorker"
LOOP = "serving.loop_worker.LoopWorker"

KINDS = {
    THREADS: "on gunicorn's threads: each waiting request holds a thread",
    ALONE: "on gunicorn's sync workers: each waiting request holds a process",
    UVICORN: "on uvicorn: each waiting request holds a coroutine",
    LOOP: "on its own server: each waiting request holds a coroutine",
}
"""The description of a service after its framework's title, by gunicorn's worker class."""

BESIDE = {UVICORN: ("uvicorn-worker", "httptools")}
"""Further distributions that a worker class needs."""

THREADS_HELP = "threads per worker that {} (default: THREADS, or 32)"


@dataclass(frozen=True)
class Peer:
    """A framework, and the way to serve it."""

    title: str
    distributions: tuple[str, ...]
    """The framework, the server, and a library that runs coroutines if neither of them does."""
    worker_class: str
    twin: Literal["sync_app", "async_app"]
    """The twin whose steps the framework serves."""
    port: int

    @property
    def needs(self) -> tuple[str, ...]:
        """The distributions that must be installed."""
        return (*self.distributions, *BESIDE.get(self.worker_class, ()))

    def find(self) -> None:
        """Look for all distributions. Raises PackageNotFoundError if one is not installed."""
        for distribution in self.needs:
            version(distribution)

    def service(self, name: str) -> ServiceSpec:
        """Return the description of the service `name` for its command line."""
        module = name.replace("-", "_")
        use = "serve requests" if self.worker_class == THREADS else "make blocking calls"
        return ServiceSpec(
            name=f"peers.{module}",
            about=f"{self.title} {KINDS[self.worker_class]}.",
            port=self.port,
            worker_class=self.worker_class,
            worker_classes={self.worker_class: "the only choice"},
            threads_help=THREADS_HELP.format(use),
            started_as=f"peers {name}",
        )


PEERS = {
    "flask-async": Peer("Flask with async views", ("Flask", "gunicorn", "asgiref"), ALONE, "async_app", 8017),
    "django": Peer("Django", ("Django", "gunicorn"), THREADS, "sync_app", 8011),
    "pyramid": Peer("Pyramid", ("pyramid", "gunicorn"), THREADS, "sync_app", 8013),
    "django-async": Peer("Django with async views", ("Django", "uvicorn"), UVICORN, "async_app", 8012),
    "tornado": Peer("Tornado", ("tornado", "tornado"), LOOP, "async_app", 8014),
    "sanic": Peer("Sanic", ("sanic", "sanic"), LOOP, "async_app", 8015),
    "fastapi": Peer("FastAPI", ("fastapi", "uvicorn"), UVICORN, "async_app", 8016),
}
"""The frameworks by service name, which also names the file here and the group of optional dependencies."""


def missing(name: str, distribution: str) -> str:
    """Return the message for a missing distribution of the service `name`, with the commands that install it."""
    alone = shlex.join([sys.executable, "-m", "pip", "install", "--editable", f".[{name}]"])
    return (
        f"{name} needs {distribution}, which is not installed: `make install-lineup` installs every framework of the "
        f"line-up, `{alone}` this one alone."
    )
