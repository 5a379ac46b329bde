"""Services as real processes: started on a free port, watched, and stopped whatever happens."""

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
"""Seconds that a service may take until it answers."""

UNKNOWN = ""
"""The process that answers, of a service that does not say."""


class ServiceFailed(Exception):
    """A service that did not come up, or died; the message holds the end of its log."""


@dataclass(frozen=True)
class Usage:
    """What a service's processes have used so far, by process id; the master is one of them."""

    cpu: Mapping[int, float]
    """CPU seconds, user and system."""
    memory: Mapping[int, int]
    """Bytes: on Linux the proportional set size, which divides a page among those that share it; else resident."""


class Running:
    """A service that answers at `url`."""

    def __init__(self, service: Service, process: subprocess.Popen[str], url: str) -> None:
        self.service = service
        self.url = url
        self.process = process
        self._master = psutil.Process(process.pid)

    def usage(self) -> Usage:
        """CPU and memory of the master and all its workers."""
        cpu: dict[int, float] = {}
        memory: dict[int, int] = {}
        for process in (self._master, *self._master.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                cpu[process.pid] = process_time(process)
                told = process.memory_full_info()
                memory[process.pid] = getattr(told, "pss", told.rss)
        return Usage(cpu, memory)

    def check(self) -> None:
        """ServiceFailed where the service is gone."""
        if self.process.poll() is not None:
            raise ServiceFailed(f"{self.service.name} died with status {self.process.returncode}.")

    def connections(self) -> list[int]:
        """Connections that clients have with each worker."""
        port = int(self.url.rpartition(":")[2])
        counts = []
        for process in self._master.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found = process.net_connections("tcp")
                counts.append(sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in found))
        return counts


@contextmanager
def running(service: Service, environment: Mapping[str, str] | None = None, port: int = 0) -> Iterator[Running]:
    """The service, each of its workers answering; stopped with all it started when the context is left.

    `environment` is laid over this process's own. ServiceFailed where nobody answers within START_WITHIN seconds.
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
    why = f"had {len(seen)} of {service.workers} workers answering in time"
    if process.returncode is not None:
        why = f"ended with status {process.returncode}"
    raise ServiceFailed(f"{service.name} {why}: {shlex.join(service.command())}\n{tail(log)}")


def answering_process(url: str) -> set[str]:
    """The process that happens to answer; none where nobody does."""
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
