"""Services as real processes: start on a free port, measure, and always stop."""

import os
import queue
import re
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import IO

import psutil

from backing.processes import address_in, lines_of, logged, tail
from loadtest.contenders.service import Service

from .clocks import process_time

START_WITHIN = 30.0
"""The longest time in seconds until all workers of a service answer."""

UNKNOWN = ""
"""The stand-in for the process id of a service that sends no Served-By header."""


class ServiceFailed(Exception):
    """The failure of a service that did not start, or exited. After a failed start, its last log lines follow."""


@dataclass(frozen=True)
class Usage:
    """The resources used so far by a service's processes, master included, by process id."""

    cpu: Mapping[int, float]
    """CPU seconds, user and system."""
    memory: Mapping[int, int]
    """Bytes: on Linux the proportional set size, which divides shared pages among their users; else resident size."""


class Running:
    """A running service that answers at `url`."""

    def __init__(self, service: Service, process: subprocess.Popen[str], url: str) -> None:
        self.service = service
        self.url = url
        self.process = process
        self._master = psutil.Process(process.pid)

    def usage(self) -> Usage:
        """Return the CPU time and memory of the master and all its workers."""
        cpu: dict[int, float] = {}
        memory: dict[int, int] = {}
        for process in (self._master, *self._master.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                cpu[process.pid] = process_time(process)
                told = process.memory_full_info()
                memory[process.pid] = getattr(told, "pss", told.rss)
        return Usage(cpu, memory)

    def check(self) -> None:
        """Raise ServiceFailed if the master has exited."""
        if self.process.poll() is not None:
            raise ServiceFailed(f"{self.service.name} exited with status {self.process.returncode}.")

    def connections(self) -> list[int]:
        """Count the open client connections of each worker."""
        port = int(self.url.rpartition(":")[2])
        counts = []
        for process in self._master.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found = process.net_connections("tcp")
                counts.append(sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in found))
        return counts


@contextmanager
def running(service: Service, environment: Mapping[str, str] | None = None, port: int = 0) -> Iterator[Running]:
    """Run a service until the context exits, and yield it once every worker answers.

    `environment` is added to that of this process. At exit, all processes of the service stop. Raises ServiceFailed if
    the service exits, or if not every worker answers within START_WITHIN seconds.
    """
    told = {**os.environ, **service.environment, **(environment or {})}
    with logged(service.command(port), told) as (process, log):
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
