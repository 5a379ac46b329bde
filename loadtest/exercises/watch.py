"""The watch of a keeper: it looks at the limits of a file's processes, and at the address on which they listen."""

import os
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from .limits import MIB, Limits

BLOCK = 4096
"""Bytes that a small file takes at least."""

LONGEST = 2000
"""Bytes of a report that are read."""

AGAIN = 3
"""Looks in a row that must find another address before it is taken to be the only one."""


class Watch:
    """The looks at one file's processes. `port`: the port on which it must listen, 0 for a program that is no service.

    `listening` is True once it listens there.
    """

    def __init__(self, name: str, port: int, limits: Limits, scratch: Path) -> None:
        self.listening = False
        self._name = name
        self._port = port
        self._limits = limits
        self._scratch = scratch
        self._began = time.monotonic()
        self._elsewhere = 0

    def fault(self, processes: Sequence[psutil.Process], output: IO[bytes]) -> str | None:
        """Return a sentence that says why the file must be stopped, or None if it may go on."""
        if reported := self._reported():
            return reported
        if (broken := next(self._broken(processes, output), None)) is not None:
            return f"{self._name} {broken}."
        return None if self.listening or not self._port else self._address(processes)

    def _reported(self) -> str:
        """Return the first report, or an empty string. The file may have put anything there, even a pipe."""
        with suppress(OSError):
            report = os.open(self._scratch / "report", os.O_RDONLY | os.O_NONBLOCK)
            try:
                return os.read(report, LONGEST).decode(errors="replace").partition("\n")[0]
            finally:
                os.close(report)
        return ""

    def _broken(self, processes: Sequence[psutil.Process], output: IO[bytes]) -> Iterator[str]:
        """Yield a predicate for each limit that is exceeded."""
        limits = self._limits
        if os.fstat(output.fileno()).st_size > limits.printed:
            yield f"printed more than {_size(limits.printed)}"
        if len(processes) > limits.processes + 2:  # itself, and the one that ends it with its keeper
            yield f"started more than {limits.processes} processes"
        if _memory(processes) > limits.memory:
            yield f"used more than {_size(limits.memory)} of memory"
        if max(_written(processes), _held(self._scratch / "work")) > limits.written:
            yield f"wrote more than {_size(limits.written)} to files"
        if _cpu(processes) > limits.cpu:
            yield f"used more than {limits.cpu:g} s of CPU time{self._silent(' and')}"
        if time.monotonic() - self._began > limits.seconds:
            yield f"had not ended after {limits.seconds:g} s"

    def _silent(self, link: str) -> str:
        return "" if self.listening or not self._port else f"{link} did not listen on 127.0.0.1:$PORT"

    def _address(self, processes: Iterable[psutil.Process]) -> str | None:
        """Look where a file listens. Return a sentence if that is not where it must, or if it takes too long."""
        found = set(_listening(processes))
        if ("127.0.0.1", self._port) in found:
            self.listening = True
            return None
        self._elsewhere = self._elsewhere + 1 if found else 0
        if self._elsewhere >= AGAIN:
            address, port = min(found)
            if port != self._port:
                return f"{self._name} listens on port {port}: it must listen on the port that $PORT names."
            return f"{self._name} listens on {address}, not on 127.0.0.1 alone: set the host to 127.0.0.1."
        if time.monotonic() - self._began > self._limits.listen:
            return f"{self._name}{self._silent('')} within {self._limits.listen:g} s."
        return None


def _size(size: int) -> str:
    return f"{size // MIB} MiB" if size < 1024 * MIB else f"{size // (1024 * MIB)} GiB"


def _listening(processes: Iterable[psutil.Process]) -> Iterable[tuple[str, int]]:
    for each in processes:
        with suppress(psutil.Error):
            for connection in each.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    yield connection.laddr.ip, connection.laddr.port


def _memory(processes: Iterable[psutil.Process]) -> int:
    total = 0
    for each in processes:
        with suppress(psutil.Error):
            total += each.memory_info().rss
    return total


def _cpu(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU time so far in seconds, with that of processes that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = ended.ru_utime + ended.ru_stime
    for each in processes:
        with suppress(psutil.Error):
            total += sum(each.cpu_times()[:4])  # its own, and that of its children that have ended
    return total


def _written(processes: Iterable[psutil.Process]) -> int:
    """Return the bytes that running processes have written to files, which may have no name. Only Linux knows."""
    total = 0
    for each in processes:
        with suppress(psutil.Error, AttributeError):
            total += each.io_counters().write_bytes
    return total


def _held(folder: Path) -> int:
    """Return the bytes of all files in a folder. Each takes at least a block."""
    total = 0
    for root, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                total += max(BLOCK, os.lstat(os.path.join(root, file)).st_size)
    return total
