"""Where a service finds what it waits for: the environment that it is to be started with."""

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty
from typing import Literal

from . import BackingFailed
from .postgres import database
from .processes import address_in, lines_of, logged, tail

Need = Literal["database", "upstream"]

START_WITHIN = 30.0
"""Seconds that the upstream may take until it listens."""


@contextmanager
def backing(needs: Collection[Need]) -> Iterator[Mapping[str, str]]:
    """DATABASE_URL and UPSTREAM_URL, as far as they are needed; what is behind them runs until the context is left.

    Those that the environment of this process names are used as they are, and nothing is started for them.
    BackingFailed where something does not come up.
    """
    found = {}
    with ExitStack() as started:
        if "database" in needs:
            found["DATABASE_URL"] = os.environ.get("DATABASE_URL") or started.enter_context(database()).url
        if "upstream" in needs:
            found["UPSTREAM_URL"] = os.environ.get("UPSTREAM_URL") or started.enter_context(upstream())
        yield found


def upstream_command(port: int = 0) -> list[str]:
    """The command that serves the upstream on 127.0.0.1, on a free port unless one is named."""
    return [sys.executable, "-m", "backing.upstream", "--port", str(port), "--workers", "1"]


@contextmanager
def upstream() -> Iterator[str]:
    """The address of an upstream, which runs until the context is left."""
    with logged(upstream_command()) as (process, log):
        lines, url = lines_of(process.stdout), None
        with suppress(Empty):
            url = address_in(lines.get(timeout=START_WITHIN))
        if url is None:
            raise BackingFailed(f"The upstream did not start.\n{tail(log)}")
        yield url
