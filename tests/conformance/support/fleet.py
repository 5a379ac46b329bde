"""The services of the line-up as real processes, each started when it is needed and stopped when others are."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from backing.environment import backing
from loadtest.contenders.service import Service, cores, lineup
from loadtest.processes.service import Running, running
from peers.rows import LOOP

LINEUP = lineup(cores())
NAMES = tuple(LINEUP)

TWINS = ("flask", "aiohttp")
"""One service of each twin: the two that `make test-fast` asks."""


def _first_of_each(kind: Callable[[Service], object]) -> tuple[str, ...]:
    """The services of the line-up, without those that come after another one of their kind."""
    first = {kind(service): name for name, service in reversed([*LINEUP.items()])}
    return tuple(name for name in NAMES if name in first.values())


APPLICATIONS = _first_of_each(lambda service: (service.module, service.extra))
"""One service of each application: the others run the same code in other workers."""

WAYS_TO_WAIT = _first_of_each(lambda service: (service.twin, service.on_a_loop or service.worker_class))
"""One service for each way in which the waits of a twin run: what these make of the database, the upstream and the
disk reaches every framework as it reaches these."""

SERVERS = _first_of_each(lambda service: (service.worker_class, service.worker_class == LOOP and service.module))
"""One service of each server: how its processes end does not depend on the application."""

TOGETHER = tuple(name for name, service in LINEUP.items() if service.worker_class != "sync")
"""Services of which one process works on several requests at once."""

ONE_AT_A_TIME = tuple(name for name in NAMES if name not in TOGETHER)
"""Those that take no second request while they work on one."""

LOOPS = tuple(name for name, service in LINEUP.items() if service.on_a_loop)
"""Those that do so on an event loop."""

LETTING_GO = ("aiohttp", "django-async", "sanic")
"""Those that drop what a client waits for that leaves. The others wait on, and only streams end early."""

WAITING_ON = tuple(name for name in TOGETHER if name not in LETTING_GO)

NOTHING_BEHIND = {
    "DATABASE_URL": "",
    "UPSTREAM_URL": "",
    "FILE_DIRECTORY": "/proc/self/fdinfo",
    "MAX_DURATION": "0.05",
}
"""The environment of a service that can wait for nothing but short timers: no file can be created in its directory."""

ONE_PLACE = {"MAX_IN_FLIGHT": "1"}
"""That of a service whose processes wait for one request at a time."""


@contextmanager
def database_of_its_own(url: str) -> Iterator[str]:
    """A database that nobody else's answers are in, on the server at `url`."""
    name = f"conformance_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield make_conninfo(url, dbname=name)
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


MOST = 14
"""Services that run at the same time: eleven in all their varieties would be a thousand processes."""


class Fleet:
    """Called with a name, and with what is to be special about it, the service of that name.

    What they wait for is started with the first, and is the same for all of them unless `environment` says otherwise.
    """

    def __init__(self) -> None:
        self._services: dict[object, tuple[Running, Callable[[], None]]] = {}
        """The one that has not been asked for the longest comes first."""
        self._stopping = ThreadPoolExecutor()
        self._behind = ExitStack()
        self._found: Mapping[str, str] = {}

    def __call__(self, name: str, workers: int | None = None, environment: Mapping[str, str] | None = None) -> Running:
        service = LINEUP[name] if workers is None else replace(LINEUP[name], workers=workers)
        key = (service, *sorted((environment or {}).items()))
        if key in self._services:
            self._services[key] = self._services.pop(key)
        else:
            stack = ExitStack()
            started = stack.enter_context(running(service, {**self.behind(), **(environment or {})}))
            self._services[key] = started, stack.close
            while len(self._services) > MOST:
                _, stop = self._services.pop(next(iter(self._services)))
                self._stopping.submit(stop)
        found, _ = self._services[key]
        return found

    def behind(self) -> Mapping[str, str]:
        """DATABASE_URL and UPSTREAM_URL of what is behind the services."""
        if not self._found:
            found = self._behind.enter_context(backing(("database", "upstream")))
            url = self._behind.enter_context(database_of_its_own(found["DATABASE_URL"]))
            self._found = {**found, "DATABASE_URL": url}
        return self._found

    def close(self) -> None:
        """Stop every service, all at once, then what they wait for."""
        with self._behind, self._stopping as pool:
            for stopped in [pool.submit(stop) for _, stop in self._services.values()]:
                stopped.result()
