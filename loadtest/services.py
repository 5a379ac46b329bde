"""Services as real processes: started on a free port, watched, and stopped whatever happens."""

import os
import queue
import re
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Thread
from typing import IO

import psutil

from .lineup import Service

START_WITHIN = 30.0
"""Seconds that a service may take until it answers."""

STOP_WITHIN = 3.0
"""Seconds that it may take to stop before it is killed."""

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
    """Resident bytes. Pages that processes share are counted for each of them."""


class Running:
    """A service that answers at `url`."""

    def __init__(self, service: Service, process: subprocess.Popen[str], url: str) -> None:
        """Take over a process that has printed its address."""
        self.service = service
        self.url = url
        self.process = process
        self._master = psutil.Process(process.pid)

    def usage(self) -> Usage:
        """CPU and memory of the master and all its workers."""
        cpu, memory = {}, {}
        for process in (self._master, *self._workers()):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu[process.pid] = times.user + times.system
                memory[process.pid] = process.memory_info().rss
        return Usage(cpu, memory)

    def check(self) -> None:
        """ServiceFailed where the service is gone."""
        if self.process.poll() is not None:
            raise ServiceFailed(f"{self.service.name} died with status {self.process.returncode}.")

    def connections(self) -> list[int]:
        """Established connections of each worker."""
        counts = []
        for process in self._workers():
            with suppress(psutil.NoSuchProcess):
                states = [connection.status for connection in process.net_connections("tcp")]
                counts.append(states.count(psutil.CONN_ESTABLISHED))
        return counts

    def _workers(self) -> list[psutil.Process]:
        return self._master.children(recursive=True)


@contextmanager
def running(service: Service, environment: Mapping[str, str] | None = None, port: int = 0) -> Iterator[Running]:
    """The service, each of its workers answering; stopped with all it started when the context is left.

    `environment` is laid over this process's own.

    Raises:
        ServiceFailed: where it does not answer within START_WITHIN seconds.

    """
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # a session of its own, so that Ctrl-C reaches it through us and in our order
            service.command(port),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        try:
            yield _answering(service, process, log)
        finally:
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Stop a process and all of its session's group: politely at first, then surely, whatever interrupts us."""
    try:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WITHIN)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with suppress(BrokenPipeError):  # with something left to say to one who was gone
                    stream.close()


def _answering(service: Service, process: subprocess.Popen[str], log: IO[str]) -> Running:
    deadline = time.monotonic() + START_WITHIN
    assert process.stdout is not None
    lines = lines_of(process.stdout)
    url = None
    seen: set[str] = set()
    while time.monotonic() < deadline and process.poll() is None:
        if url is None:
            with suppress(queue.Empty):
                url = _address(lines.get(timeout=0.1))
            continue
        seen |= _answering_process(url)
        if len(seen) >= service.workers or UNKNOWN in seen:
            return Running(service, process, url)
        time.sleep(0.005)
    why = f"had {len(seen)} of {service.workers} workers answering in time"
    if process.returncode is not None:
        why = f"ended with status {process.returncode}"
    raise ServiceFailed(f"{service.name} {why}: {shlex.join(service.command())}\n{tail(log)}")


def lines_of(stream: IO[str]) -> queue.SimpleQueue[str]:
    """The lines of a pipe as they come, read by a thread of its own; an empty line at its end."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        with suppress(ValueError):  # closed while we read
            for line in stream:
                lines.put(line)
        lines.put("")

    Thread(target=read, daemon=True).start()
    return lines


def tail(log: IO[str]) -> str:
    """The end of a log."""
    log.seek(0)
    return log.read()[-2000:].strip()


def _address(line: str) -> str | None:
    found = re.search(r"http://[^\s]+", line)
    return found[0] if found else None


def _answering_process(url: str) -> set[str]:
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
