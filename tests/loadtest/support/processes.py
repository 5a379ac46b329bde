"""What is left of processes that should have ended."""

import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

import psutil

MOMENT = 3.0
"""Seconds after which a process that was killed is surely gone."""


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those of them that still run after a moment."""
    deadline = time.monotonic() + MOMENT
    left = list(processes)
    while (left := [process for process in left if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started_in(environment: Mapping[str, str]) -> list[psutil.Process]:
    """Every process that inherited this environment's own cache, or was told of it."""
    cache = environment["XDG_CACHE_HOME"]
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get("XDG_CACHE_HOME") == cache or any(cache in word for word in process.cmdline()):
                found.append(process)
    return found


def taken(port: int) -> bool:
    """Whether a service that wanted the port could not have it."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return False
    except OSError:
        return True
