"""The services that are compared: what each is made of, and the command that serves it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from serving import aiohttp_workers

UVLOOP_WORKER = aiohttp_workers.UVLOOP


@dataclass(frozen=True)
class Service:
    """One row of the line-up."""

    name: str
    module: str
    worker_class: str
    workers: int
    threads: int
    pool_size: int = 10

    @property
    def connections(self) -> int:
        """Those to the database: a pool and a listener for each process."""
        return self.workers * (self.pool_size + 1)

    @property
    def environment(self) -> Mapping[str, str]:
        """What it is told beside its command."""
        return {"POOL_SIZE": str(self.pool_size)}

    @property
    def slots(self) -> int | None:
        """Requests that it can wait for at once by the way it is built; None where only memory bounds them."""
        match self.worker_class:
            case "sync":
                return self.workers
            case "gthread":
                return self.workers * self.threads
            case _:
                return None

    @property
    def kind(self) -> Literal["blocking", "non-blocking"]:
        """Whether a request that waits holds a thread."""
        return "non-blocking" if self.slots is None else "blocking"

    @property
    def made_of(self) -> str:
        """Its processes, threads and slots in words."""
        processes = _count(self.workers, "process", "processes")
        match self.worker_class:
            case "sync":
                return f"{processes} x 1 thread = {_count(self.workers, 'slot', 'slots')}"
            case "gthread":
                threads = _count(self.threads, "thread", "threads")
                return f"{processes} x {threads} = {_count(self.workers * self.threads, 'slot', 'slots')}"
            case "gevent":
                return f"{processes} x 1 thread of greenlets, slots as needed"
            case _:
                return f"{processes} x 1 event loop, slots as needed"

    def command(self, port: int = 0) -> list[str]:
        """The command that serves it on 127.0.0.1, on a free port unless one is named."""
        return [
            *(sys.executable, "-m", self.module),
            *("--port", str(port)),
            *("--worker-class", self.worker_class),
            *("--workers", str(self.workers)),
            *("--threads", str(self.threads)),
        ]


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lineup(cores: int, pool_size: int = 10) -> Mapping[str, Service]:
    """Every service by name, sized for a machine of `cores` cores, each process with pools of `pool_size`.

    The number of sync workers is the one that gunicorn's documentation recommends (Design, "How Many Workers?").
    """
    services = (
        Service("flask", "sync_app", "sync", workers=2 * cores + 1, threads=1),
        Service("flask-threads", "sync_app", "gthread", workers=cores, threads=32),
        Service("flask-gevent", "sync_app", "gevent", workers=cores, threads=1),
        Service("aiohttp", "async_app", UVLOOP_WORKER, workers=cores, threads=32),
    )
    return {service.name: replace(service, pool_size=pool_size) for service in services}


def chosen(text: str, known: Mapping[str, Service]) -> Service:
    """The service that `text` names, such as `flask-threads` or `flask-threads:workers=1:threads=64`.

    Raises:
        ValueError: with one sentence that says what can be named and set.

    """
    name, *changes = text.split(":")
    if name not in known:
        raise ValueError(f"There is no service {name!r}; there are {', '.join(known)}.")
    service = replace(known[name], name=text)
    for change in changes:
        key, _, value = change.partition("=")
        match key.replace("-", "_"):
            case "workers":
                service = replace(service, workers=_positive(text, change))
            case "threads":
                service = replace(service, threads=_positive(text, change))
            case "pool_size":
                service = replace(service, pool_size=_positive(text, change))
            case "worker_class" if value:
                service = replace(service, worker_class=value)
            case _:
                raise ValueError(
                    f"{text!r}: {change!r} is not workers=N, threads=N, pool-size=N or worker-class=CLASS."
                )
    if service.worker_class == "sync" and service.threads > 1:  # it would ignore them
        raise ValueError(f"{text!r}: a sync worker has one thread; set threads=1 or worker-class=gthread.")
    return service


def _positive(text: str, change: str) -> int:
    key, _, value = change.partition("=")
    if not value.isdecimal() or int(value) < 1:
        raise ValueError(f"{text!r}: {key} takes a whole number from 1; got {value!r}.")
    return int(value)
