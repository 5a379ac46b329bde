"""The line-up: the workers, threads, software and command of each service."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Literal

from backing.processes import PYTHON
from loadtest.english import count
from peers.rows import ALONE, PEERS
from serving import aiohttp_workers

UVLOOP_WORKER = aiohttp_workers.UVLOOP

SYNC, ASYNC = "sync_app", "async_app"
"""The twins."""

CORE = ("flask", "flask-threads", "flask-gevent", "aiohttp")
"""The services that are always installed, in the order of comparison."""


@dataclass(frozen=True)
class Service:
    """One service of the line-up."""

    name: str
    module: str
    worker_class: str
    workers: int
    threads: int
    pool_size: int = 10
    max_in_flight: int | None = None
    """The requests that may wait in one process, beyond which further ones are refused; None: the default."""
    framework: str = ""
    """The distribution of the framework; empty for a service outside the line-up."""
    server: str = ""
    """The distribution of the HTTP server."""
    borrowed: str = ""
    """The twin whose waiting functions a peer serves; empty for a twin."""
    bridge: str = ""
    """The distribution that runs coroutines for a framework without an event loop, or an empty string."""
    cores: float = 1.0
    """The number of cores that the service may use; a CPU quota may allow a part of one."""
    extra: str | None = None
    """The group of optional dependencies that a peer needs, also its name for `python -m peers`; None for a twin."""

    @property
    def twin(self) -> str:
        """The twin whose waiting functions the service serves."""
        return self.borrowed or self.module

    @property
    def processors(self) -> float:
        """The number of cores that its processes can use at once: Python runs one thread of a process at a time."""
        return min(self.workers, self.cores)

    @property
    def connections(self) -> int:
        """The maximum number of database connections: a pool and one listener for each process."""
        return self.workers * (self.pool_size + 1)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables to set for the service."""
        most = {} if self.max_in_flight is None else {"MAX_IN_FLIGHT": str(self.max_in_flight)}
        return {"POOL_SIZE": str(self.pool_size), **most}

    @property
    def distributions(self) -> list[str]:
        """The distributions of the framework, the server, and the library that runs coroutines or greenlets, if any."""
        gevent = "gevent" if self.worker_class == "gevent" else ""
        return [name for name in dict.fromkeys((self.framework, self.server, self.bridge, gevent)) if name]

    @property
    def software(self) -> dict[str, str]:
        """The version of each distribution. Raises PackageNotFoundError if one is not installed."""
        return {name: version(name) for name in self.distributions}

    @property
    def on_a_loop(self) -> bool:
        """True if every process runs its requests as coroutines on one event loop."""
        return self.worker_class not in ("sync", "gthread", "gevent")

    @property
    def slots(self) -> int | None:
        """The number of requests that can wait at once, or None if only memory limits them."""
        return {"sync": self.workers, "gthread": self.workers * self.threads}.get(self.worker_class)

    @property
    def kind(self) -> Literal["blocking", "non-blocking"]:
        """The kind of service: blocking if a waiting request holds a thread, else non-blocking."""
        return "non-blocking" if self.slots is None else "blocking"

    @property
    def made_of(self) -> str:
        """The processes, threads and slots in words."""
        each = {"sync": "1 thread", "gthread": count(self.threads, "thread"), "gevent": "1 thread of greenlets"}
        slots = ", no slot limit" if self.slots is None else f" = {count(self.slots, 'slot')}"
        return f"{count(self.workers, 'process', 'processes')} x {each.get(self.worker_class, '1 event loop')}{slots}"

    def command(self, port: int = 0) -> list[str]:
        """Return the command that starts the service on 127.0.0.1; port 0 means any free port."""
        return [
            *(*PYTHON, *(("peers", self.extra) if self.extra else (self.module,))),
            *("--port", str(port)),
            *("--worker-class", self.worker_class),
            *("--workers", str(self.workers)),
            *("--threads", str(self.threads)),
        ]


def in_words(software: Mapping[str, str]) -> str:
    """Return the names and versions of a service's software, its framework first."""
    versions = [f"{name} {version}" for name, version in software.items()]
    return f"{versions[0]}, its own server" if len(versions) == 1 else ", ".join(versions)


def lineup(cores: float, pool_size: int = 10) -> Mapping[str, Service]:
    """Return all services by name, blocking ones first, for `cores` cores and pools of `pool_size` per process.

    Sizes follow the number of whole cores. The number of sync workers is the one that gunicorn's documentation
    recommends (Design, "How Many Workers?").
    """
    whole = max(1, int(cores))
    alone, threads = (2 * whole + 1, 1), (whole, 32)
    peers = [_peer(name, *(alone if peer.worker_class == ALONE else threads)) for name, peer in PEERS.items()]
    services = (
        Service("flask", SYNC, "sync", *alone, framework="Flask", server="gunicorn"),
        Service("flask-threads", SYNC, "gthread", *threads, framework="Flask", server="gunicorn"),
        *(peer for peer in peers if not peer.on_a_loop),
        Service("flask-gevent", SYNC, "gevent", whole, 1, framework="Flask", server="gunicorn"),
        Service("aiohttp", ASYNC, UVLOOP_WORKER, *threads, framework="aiohttp", server="aiohttp"),
        *(peer for peer in peers if peer.on_a_loop),
    )
    return {service.name: replace(service, pool_size=pool_size, cores=cores) for service in services}


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
