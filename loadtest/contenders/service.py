"""The services that are compared: what each is made of, and the command that serves it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Literal

from loadtest.english import count
from peers.rows import ALONE, PEERS
from serving import aiohttp_workers

UVLOOP_WORKER = aiohttp_workers.UVLOOP

SYNC, ASYNC = "sync_app", "async_app"
"""The twins."""

CORE = ("flask", "flask-threads", "flask-gevent", "aiohttp")
"""The services that are always installed, in the order in which they are compared."""


@dataclass(frozen=True)
class Service:
    """One row of the line-up."""

    name: str
    module: str
    worker_class: str
    workers: int
    threads: int
    pool_size: int = 10
    framework: str = ""
    """The distribution that it is written with; none is told of what is no row of the line-up."""
    server: str = ""
    """The distribution that speaks HTTP for it."""
    borrowed: str = ""
    """The package whose waiting functions it serves, where they are not its own."""
    bridge: str = ""
    """The distribution that runs coroutines for a framework that has no event loop."""
    extra: str | None = None
    """The group of optional dependencies that it needs, which has the name that `python -m peers` takes."""

    @property
    def twin(self) -> str:
        """The package whose waiting functions it serves."""
        return self.borrowed or self.module

    @property
    def connections(self) -> int:
        """Those to the database: a pool and a listener for each process."""
        return self.workers * (self.pool_size + 1)

    @property
    def environment(self) -> Mapping[str, str]:
        """What it is told beside its command."""
        return {"POOL_SIZE": str(self.pool_size)}

    @property
    def distributions(self) -> list[str]:
        """The software that it is made of: its framework, its server, and what runs coroutines or greenlets for it."""
        gevent = "gevent" if self.worker_class == "gevent" else ""
        return [name for name in dict.fromkeys((self.framework, self.server, self.bridge, gevent)) if name]

    @property
    def software(self) -> dict[str, str]:
        """The versions of these; PackageNotFoundError where one of them is not installed."""
        return {name: version(name) for name in self.distributions}

    @property
    def on_a_loop(self) -> bool:
        """Whether its requests are coroutines of an event loop that each process has one of."""
        return self.worker_class not in ("sync", "gthread", "gevent")

    @property
    def slots(self) -> int | None:
        """Requests that it can wait for at once by the way it is built; None where only memory bounds them."""
        return {"sync": self.workers, "gthread": self.workers * self.threads}.get(self.worker_class)

    @property
    def kind(self) -> Literal["blocking", "non-blocking"]:
        """Whether a request that waits holds a thread."""
        return "non-blocking" if self.slots is None else "blocking"

    @property
    def made_of(self) -> str:
        """Its processes, threads and slots in words."""
        each = {"sync": "1 thread", "gthread": count(self.threads, "thread"), "gevent": "1 thread of greenlets"}
        slots = ", slots as needed" if self.slots is None else f" = {count(self.slots, 'slot')}"
        return f"{count(self.workers, 'process', 'processes')} x {each.get(self.worker_class, '1 event loop')}{slots}"

    def command(self, port: int = 0) -> list[str]:
        """The command that serves it on 127.0.0.1, on a free port unless one is named."""
        return [
            *(sys.executable, "-m", *(("peers", self.extra) if self.extra else (self.module,))),
            *("--port", str(port)),
            *("--worker-class", self.worker_class),
            *("--workers", str(self.workers)),
            *("--threads", str(self.threads)),
        ]


def in_words(software: Mapping[str, str]) -> str:
    """The versions of a service's software, which begin with its framework's."""
    versions = [f"{name} {version}" for name, version in software.items()]
    return f"{versions[0]}, its own server" if len(versions) == 1 else ", ".join(versions)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lineup(cores: int, pool_size: int = 10) -> Mapping[str, Service]:
    """Every service by name, blocking ones first, sized for `cores` cores, each process with pools of `pool_size`.

    The number of sync workers is the one that gunicorn's documentation recommends (Design, "How Many Workers?").
    """
    alone, threads = (2 * cores + 1, 1), (cores, 32)
    peers = [_peer(name, *(alone if peer.worker_class == ALONE else threads)) for name, peer in PEERS.items()]
    services = (
        Service("flask", SYNC, "sync", *alone, framework="Flask", server="gunicorn"),
        Service("flask-threads", SYNC, "gthread", *threads, framework="Flask", server="gunicorn"),
        *(peer for peer in peers if not peer.on_a_loop),
        Service("flask-gevent", SYNC, "gevent", cores, 1, framework="Flask", server="gunicorn"),
        Service("aiohttp", ASYNC, UVLOOP_WORKER, *threads, framework="aiohttp", server="aiohttp"),
        *(peer for peer in peers if peer.on_a_loop),
    )
    return {service.name: replace(service, pool_size=pool_size) for service in services}


def _peer(name: str, workers: int, threads: int) -> Service:
    peer = PEERS[name]
    framework, server, *bridge = peer.distributions
    return Service(
        name,
        peer.service(name).name,
        peer.worker_class,
        workers,
        threads,
        framework=framework,
        server=server,
        bridge="".join(bridge),
        borrowed=peer.twin,
        extra=name,
    )
