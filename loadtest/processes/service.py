"""Services as real processes: start on a free port, measure, and always stop."""

import os
import queue
import re
import shlex
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import IO

import psutil

from backing.processes import address_in, lines_of, logged, tail
from loadtest.contenders.cores import Cores
from loadtest.contenders.service import Service
from loadtest.contenders.target import address

from . import freeze
from .affinity import inherited
from .clocks import TreeTime, tree, tree_time
from .room import LOOPBACK

START_WITHIN = 30.0
"""The longest time in seconds until all workers of a service answer."""

UNKNOWN = ""
"""The stand-in for the process id of a service that sends no Served-By header."""


class ServiceFailed(Exception):
    """The failure of a service that did not start, or exited. After a failed start, its last log lines follow."""


class Server(ABC):
    """The processes of a service that answers at `url`."""

    ours = True
    """True if the run started it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url

    @abstractmethod
    def processes(self) -> list[psutil.Process]:
        """Return the master and all its workers."""

    @abstractmethod
    def check(self) -> None:
        """Raise ServiceFailed if the master has exited."""

    @abstractmethod
    def cores(self, given: Cores) -> Cores:
        """Return the cores of a run as this service keeps to them."""

    def cpu_time(self) -> TreeTime:
        """Return the CPU time so far of all processes."""
        return tree_time(self.processes())

    def memory(self) -> int | None:
        """Return the bytes that all processes use, as `memory_of`, or None if one of them is another user's."""
        try:
            return memory_of(self.processes())
        except psutil.AccessDenied:
            return None

    def freeze(self, seconds: float) -> None:
        """Suspend all processes for a while. They are resumed even if this process is killed meanwhile."""
        processes = [str(process.pid) for process in self.processes()]
        command = [sys.executable, "-IS", freeze.__file__, str(seconds), *processes]
        process = subprocess.Popen(command, start_new_session=True)
        try:
            process.wait()
        finally:
            process.wait()  # also on Ctrl-C: suspended processes would not end

    def connections(self) -> list[int]:
        """Count the open client connections of each worker.

        A worker is a process that listens or has connections. A master without any, whose children listen, is none.
        """
        counts: dict[int, int] = {}
        masters = set()
        for process, count in self._clients():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                masters.add(process.ppid())
                counts[process.pid] = count
        return [count for process, count in counts.items() if count or process not in masters]

    def serving(self) -> set[int]:
        """Return the ids of the processes that have client connections open."""
        return {process.pid for process, count in self._clients() if count}

    def _clients(self) -> Iterator[tuple[psutil.Process, int]]:
        """Yield each process that listens or has connections, with the number of its open client connections."""
        _, port = address(self.url)
        for process in self.processes():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if found := [each.status for each in process.net_connections("tcp") if each.laddr.port == port]:
                    yield process, found.count(psutil.CONN_ESTABLISHED)


class Started(Server):
    """A service that was started. `log`: its output, if that tells why it exited."""

    def __init__(self, name: str, process: subprocess.Popen[str], url: str, log: IO[bytes] | None = None) -> None:
        super().__init__(name, url)
        self.process = process
        self._log = log

    def processes(self) -> list[psutil.Process]:
        """Return the master and all its workers."""
        return tree(self.process.pid)

    def check(self) -> None:
        """Raise ServiceFailed if the master has exited."""
        if self.process.poll() is not None:
            said = tail(self._log) if self._log else ""
            raise ServiceFailed(f"{self.name} exited with status {self.process.returncode}.\n{said}".rstrip())

    def cores(self, given: Cores) -> Cores:
        """Return the cores of a run: the service was bound to its part of them when it started."""
        return given


class Running(Started):
    """A running service of the line-up."""

    def __init__(self, service: Service, process: subprocess.Popen[str], url: str) -> None:
        super().__init__(service.name, process, url)
        self.service = service


def memory_of(processes: Iterable[psutil.Process]) -> int:
    """Return the bytes that processes use: on Linux the proportional set size, else the resident size.

    The proportional set size divides shared pages among their users. Raises AccessDenied for those of another user.
    """
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            told = process.memory_full_info()
            total += getattr(told, "pss", told.rss)
    return total


@contextmanager
def running(
    service: Service,
    environment: Mapping[str, str] | None = None,
    port: int = 0,
    cores: Collection[int] = (),
    host: str = LOOPBACK,
) -> Iterator[Running]:
    """Run a service on an address of this machine until the context exits; yield it once every worker answers.

    `environment` is added to that of this process. All processes of the service keep to `cores`, or without any to the
    cores of this process; at exit they stop. Raises ServiceFailed if the service exits, or if not every worker answers
    within START_WITHIN seconds.
    """
    told = {**os.environ, **service.environment, **(environment or {})}
    with ExitStack() as started:
        with inherited(cores):
            command = service.command(port) if host == LOOPBACK else [*service.command(port), "--host", host]
            process, log = started.enter_context(logged(command, told))
        yield _answering(service, process, log)


def _answering(service: Service, process: subprocess.Popen[str], log: IO[str]) -> Running:
    deadline = time.monotonic() + START_WITHIN
    lines = lines_of(process.stdout)
    url = None
    seen: set[str] = set()
    while time.monotonic() < deadline and process.poll() is None:
        if url is None:
            with suppress(queue.Empty):
                url = address_in(lines.get(timeout=0.1))
            continue
        seen |= answering_process(url)
        if len(seen) >= service.workers or UNKNOWN in seen:
            return Running(service, process, url)
        time.sleep(0.005)
    why = f"had {len(seen)} of {service.workers} workers answering after {START_WITHIN:g} s"
    if process.returncode is not None:
        why = f"exited with status {process.returncode}"
    raise ServiceFailed(f"{service.name} {why}: {shlex.join(service.command())}\n{tail(log)}")


def answering_process(url: str) -> set[str]:
    """Return the id of the process that answers /healthz, as a set of one; an empty set if there is no answer."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=1)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
    except (OSError, HTTPException):
        return set()
    else:
        said = re.search(r"pid=(\d+)", response.getheader("Served-By", ""))
        return {said[1] if said else UNKNOWN}
    finally:
        connection.close()
