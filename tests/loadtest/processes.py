"""What is left of processes that should have ended."""

import socket
import time
from collections.abc import Iterable

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


def taken(port: int) -> bool:
    """Whether a service that wanted the port could not have it."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return False
    except OSError:
        return True
