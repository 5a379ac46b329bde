"""Checks for processes and ports that should be gone."""

import os
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

import psutil

from tests.support.stalls import SLACK

MOMENT = 2 * SLACK
"""The longest time in seconds until a killed process is gone."""


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that still run after MOMENT seconds."""
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
    """Return every process with this environment's XDG_CACHE_HOME in its environment or command line."""
    cache = environment["XDG_CACHE_HOME"]
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get("XDG_CACHE_HOME") == cache or any(cache in word for word in process.cmdline()):
                found.append(process)
    return found


def taken(port: int, address: str = "127.0.0.1") -> bool:
    """Return True if the port cannot be bound at an address."""
    try:
        with socket.create_server((address, port)):
            return False
    except OSError:
        return True


def taken_by_us() -> str:
    """Return why nobody else can listen on a port on which this process listens."""
    command = " ".join(psutil.Process().cmdline())
    return f"Address already in use by process {os.getpid()} ({command[:80]})"
