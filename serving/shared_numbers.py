"""Where the processes of one service keep the numbers that they show together."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import Any

import psutil

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks. It must be set before that is imported, which is why this does not."""

PREFIX = "sync-vs-async-numbers-"


@contextmanager
def shared_numbers() -> Iterator[None]:
    """A directory for them, removed when the process that made it leaves the context; its children leave it alone."""
    maker = os.getpid()
    _sweep()
    os.environ[VARIABLE] = directory = mkdtemp(prefix=f"{PREFIX}{maker}-")
    try:
        yield
    finally:
        if os.getpid() == maker:
            rmtree(directory, ignore_errors=True)


def _sweep() -> None:
    """Remove what those have left who were killed."""
    for left in Path(gettempdir()).glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX).partition("-")[0])):
            rmtree(left, ignore_errors=True)


def forget(_master: Any, worker: Any) -> None:
    """Drop what only a living worker shows, such as its requests in flight."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see VARIABLE

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # the library types it not
