"""The dependencies of a service: their start, and the environment variables that name them."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty
from typing import Literal, NamedTuple

from . import BackingFailed
from .postgres import database
from .processes import PYTHON, address_in, lines_of, logged, tail

Need = Literal["database", "upstream"]

VARIABLES: Mapping[Need, str] = {"database": "DATABASE_URL", "upstream": "UPSTREAM_URL"}

START_WITHIN = 30.0
"""Seconds that the upstream may take to start listening."""


class Backing(NamedTuple):
    """The running dependencies of a service."""

    environment: Mapping[str, str]
    """DATABASE_URL and UPSTREAM_URL."""
    processes: Mapping[Need, int]
    """The process id of each dependency that was started for this context."""


@contextmanager
def backing(needs: Collection[Need]) -> Iterator[Backing]:
    """Run the dependencies in `needs` until the context exits, and yield them.

    A variable that is set in this process's environment is used as it is, and nothing is started for it.
    Raises BackingFailed if a dependency does not start.
    """
    urls = {need: os.environ.get(VARIABLES[need], "") for need in needs}
    processes: dict[Need, int] = {}
    with ExitStack() as started:
        if urls.get("database") == "":
            own = started.enter_context(database())
            urls["database"], processes["database"] = own.url, own.process
        if urls.get("upstream") == "":
            urls["upstream"], processes["upstream"] = started.enter_context(upstream())
        yield Backing({VARIABLES[need]: url for need, url in urls.items()}, processes)


def upstream_command(port: int = 0) -> list[str]:
    """Return the command that serves the upstream on 127.0.0.1. Port 0 stands for a free port."""
    return [*PYTHON, "backing.upstream", "--port", str(port), "--workers", "1"]


@contextmanager
def upstream() -> Iterator[tuple[str, int]]:
    """Run the upstream until the context exits, and yield its URL and process id.

    Raises BackingFailed if it does not start.
    """
    with logged(upstream_command()) as (process, log):
        lines, url = lines_of(process.stdout), None
        with suppress(Empty):
            url = address_in(lines.get(timeout=START_WITHIN))
        if url is None:
            raise BackingFailed(f"The upstream did not start.\n{tail(log)}")
        yield url, process.pid
