"""The services of the line-up as real processes, each started when it is first needed and stopped at the end."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from backing.environment import backing
from loadtest.lineup import cores, lineup
from loadtest.services import Running, running

LINEUP = lineup(cores())
NAMES = tuple(LINEUP)


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


class Fleet:
    """Called with a name, and with what is to be special about it, the service of that name.

    What they wait for is started with the first, and is the same for all of them unless `environment` says otherwise.
    """

    def __init__(self) -> None:
        self._services: dict[object, Running] = {}
        self._stops: list[Callable[[], None]] = []
        self._behind = ExitStack()
        self._found: Mapping[str, str] = {}

    def __call__(self, name: str, workers: int | None = None, environment: Mapping[str, str] | None = None) -> Running:
        key = (name, workers, tuple(sorted((environment or {}).items())))
        if key not in self._services:
            service = LINEUP[name] if workers is None else replace(LINEUP[name], workers=workers)
            stack = ExitStack()
            self._services[key] = stack.enter_context(running(service, {**self.behind(), **(environment or {})}))
            self._stops.append(stack.close)
        return self._services[key]

    def behind(self) -> Mapping[str, str]:
        """DATABASE_URL and UPSTREAM_URL of what is behind the services."""
        if not self._found:
            found = self._behind.enter_context(backing(("database", "upstream")))
            url = self._behind.enter_context(database_of_its_own(found["DATABASE_URL"]))
            self._found = {**found, "DATABASE_URL": url}
        return self._found

    def close(self) -> None:
        """Stop every service, all at once, then what they wait for."""
        with self._behind, ThreadPoolExecutor() as pool:
            for stopped in [pool.submit(stop) for stop in self._stops]:
                stopped.result()
