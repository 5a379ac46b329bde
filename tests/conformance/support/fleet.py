"""The services of the line-up as real processes, each started on first use and stopped to make room for others."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from backing.environment import backing
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import Service, lineup
from loadtest.processes.service import Running, running
from peers.rows import ALONE, LOOP

LINEUP = {name: replace(service, workers=1) for name, service in lineup(usable_cores()).items()}
"""The services with one process each, however many cores there are."""

SEVERAL = {name: 3 if service.worker_class == ALONE else 2 for name, service in LINEUP.items()}
"""Enough processes of each service to find what its processes do not share. A process that serves one request at a time
may wait while two others do."""

NAMES = tuple(LINEUP)

TWINS = ("flask", "aiohttp")
"""One service of each twin: the two that `make test-fast` tests."""


def _first_of_each(kind: Callable[[Service], object]) -> tuple[str, ...]:
    """Return the name of the first service of each kind, in the order of the line-up."""
    first = {kind(service): name for name, service in reversed([*LINEUP.items()])}
    return tuple(name for name in NAMES if name in first.values())


APPLICATIONS = _first_of_each(lambda service: (service.module, service.extra))
"""The first service of each application. Its other services run the same code in other workers."""

WAYS_TO_WAIT = _first_of_each(lambda service: (service.twin, service.on_a_loop or service.worker_class))
"""One service for each way to run the waiting functions of a twin. The framework has no influence on how they use the
database, the upstream and the disk."""

SERVERS = _first_of_each(lambda service: (service.worker_class, service.worker_class == LOOP and service.module))
"""One service of each server. The application has no influence on how the server's processes end."""

PARSERS = _first_of_each(lambda service: service.server)
"""One service for each program that reads the bytes of requests. Its worker classes read them alike."""

TOGETHER = tuple(name for name, service in LINEUP.items() if service.worker_class != "sync")
"""Services whose processes each serve several requests at once."""

ONE_AT_A_TIME = tuple(name for name in NAMES if name not in TOGETHER)
"""Services whose processes each serve one request at a time."""

LOOPS = tuple(name for name, service in LINEUP.items() if service.on_a_loop)
"""Services that serve their requests on an event loop."""

LETTING_GO = ("aiohttp", "django-async", "sanic")
"""Services that cancel a request when its client disconnects. In the others only streams end early."""

WAITING_ON = tuple(name for name in TOGETHER if name not in LETTING_GO)

NOTHING_BEHIND = {
    "DATABASE_URL": "",
    "UPSTREAM_URL": "",
    "MAX_DURATION": "0.05",
}
"""The environment of a service without database and upstream, and with waits of up to 50 ms."""

ONE_PLACE = {"MAX_IN_FLIGHT": "1"}
"""The environment of a service that allows one waiting request per process."""


@contextmanager
def database_of_its_own(url: str) -> Iterator[str]:
    """Create an empty database on the server at `url` until the context exits, and yield its URL."""
    name = f"conformance_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield make_conninfo(url, dbname=name)
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


MOST = 14
"""The maximum number of running services. All services with all settings would be a thousand processes."""


class Fleet:
    """The running services. Calling it with a name and any special settings starts or reuses that service.

    The first call also starts the database and the upstream. All services share them unless `environment` differs.
    """

    def __init__(self) -> None:
        self._services: dict[object, tuple[Running, Callable[[], None]]] = {}
        """The running services, the least recently used first."""
        self._stopping = ThreadPoolExecutor()
        self._stopped: list[Future[None]] = []
        self._behind = ExitStack()
        self._found: Mapping[str, str] = {}

    def __call__(self, name: str, workers: int = 1, environment: Mapping[str, str] | None = None) -> Running:
        service = replace(LINEUP[name], workers=workers)
        key = (service, *sorted((environment or {}).items()))
        if key in self._services:
            self._services[key] = self._services.pop(key)
        else:
            stack = ExitStack()
            started = stack.enter_context(running(service, {**self.behind(), **(environment or {})}))
            self._services[key] = started, stack.close
            while len(self._services) > MOST:
                self._stop(next(iter(self._services)))
        found, _ = self._services[key]
        return found

    @contextmanager
    def last_use(self, name: str, workers: int = 1, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
        """Yield a service, started or reused, and stop it when the context exits."""
        self(name, workers, environment)
        _, (started, stop) = self._services.popitem()
        try:
            yield started
        finally:
            stop()

    def stop_all_but(self, names: Collection[str]) -> None:
        """Begin to stop every service but those of `names` that have their own settings."""
        kept = {(LINEUP[name],) for name in names}
        for key in [key for key in self._services if key not in kept]:
            self._stop(key)

    def _stop(self, key: object) -> None:
        _, stop = self._services.pop(key)
        self._stopped.append(self._stopping.submit(stop))

    def behind(self) -> Mapping[str, str]:
        """Start the database and the upstream on first use, and return DATABASE_URL and UPSTREAM_URL."""
        if not self._found:
            found = self._behind.enter_context(backing(("database", "upstream"))).environment
            url = self._behind.enter_context(database_of_its_own(found["DATABASE_URL"]))
            self._found = {**found, "DATABASE_URL": url}
        return self._found

    def close(self) -> None:
        """Stop all services in parallel, then the database and the upstream."""
        with self._behind, self._stopping:
            self.stop_all_but(())
            for stopped in self._stopped:
                stopped.result()
