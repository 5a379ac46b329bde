"""The table of the other frameworks: a row each. Known without importing any of them."""

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
    THREADS: "on gunicorn's threads: a request that waits holds a thread",
    ALONE: "on gunicorn's sync workers: a request that waits holds a process",
    UVICORN: "on uvicorn: a request that waits holds a coroutine",
    LOOP: "on its own server: a request that waits holds a coroutine",
}
"""gunicorn's worker class of each kind, with a word on it."""

BESIDE = {UVICORN: ("uvicorn-worker", "httptools")}
"""Distributions that a server of a kind needs beside itself."""

THREADS_HELP = "threads of each worker, which {} (default: THREADS, or 32)"


@dataclass(frozen=True)
class Peer:
    """One framework, and how it is served."""

    title: str
    distributions: tuple[str, ...]
    """Of the framework, of the server, and of what runs coroutines where neither does."""
    worker_class: str
    twin: Literal["sync_app", "async_app"]
    """Whose steps it serves."""
    port: int

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be installed."""
        return (*self.distributions, *BESIDE.get(self.worker_class, ()))

    def find(self) -> None:
        """Look for all that it needs; PackageNotFoundError where something is not installed."""
        for distribution in self.needs:
            version(distribution)

    def service(self, name: str) -> ServiceSpec:
        """What its command line knows of it."""
        module = name.replace("-", "_")
        use = "answer requests" if self.worker_class == THREADS else "make blocking calls"
        return ServiceSpec(
            name=f"peers.{module}",
            about=f"{self.title} {KINDS[self.worker_class]}.",
            port=self.port,
            worker_class=self.worker_class,
            worker_classes={self.worker_class: "the only one"},
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
"""By the name of the service, which is that of the file here, and of the group of optional dependencies."""


def missing(name: str, distribution: str) -> str:
    """What is said where the service of that name lacks a distribution: how to install it."""
    alone = shlex.join([sys.executable, "-m", "pip", "install", "--editable", f".[{name}]"])
    return (
        f"{name} needs {distribution}, which is not installed: `make install-lineup` installs every framework of the "
        f"line-up, `{alone}` this one alone."
    )
