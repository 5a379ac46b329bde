"""Services as real processes: started on a free port, watched, and stopped whatever happens."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from .lineup import Service

START_WITHIN = 30.0
"""Seconds that a service may take until it answers."""

STOP_WITHIN = 3.0
"""Seconds that it may take to stop before it is killed."""


class ServiceFailed(Exception):
    """A service that did not come up, or died; the message holds the end of its log."""


@dataclass(frozen=True)
class Usage:
    """What a service's processes used: CPU seconds since each began, resident bytes now."""

    cpu: float
    memory: int
    busiest: float
    """CPU seconds of the process that used the most."""


class Running:
    """A service that answers at `url`."""

    def __init__(self, service: Service, process: subprocess.Popen[str], url: str) -> None:
        """Take over a process that has printed its address."""
        self.service = service
        self.url = url
        self.process = process
        self._master = psutil.Process(process.pid)

    def usage(self) -> Usage:
        """CPU and memory of the master and all its workers.

        Memory is the sum of resident set sizes, so pages that workers share are counted once for each.
        """
        cpu, memory = [0.0], 0
        for process in (self._master, *self._master.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu.append(times.user + times.system)
                memory += process.memory_info().rss
        return Usage(sum(cpu), memory, max(cpu))


@contextmanager
def running(service: Service, environment: Mapping[str, str] | None = None, port: int = 0) -> Iterator[Running]:
    """The service, answering; stopped with everything it started when the context is left.

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
    """Stop a process and all of its session's group: politely at first, then surely."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


def _answering(service: Service, process: subprocess.Popen[str], log: IO[str]) -> Running:
    deadline = time.monotonic() + START_WITHIN
    address: list[str] = []
    assert process.stdout is not None
    Thread(target=_read_address, args=(process.stdout, address), daemon=True).start()
    while time.monotonic() < deadline and process.poll() is None:
        if address and _healthy(address[0]):
            return Running(service, process, address[0])
        time.sleep(0.02)
    log.seek(0)
    why = f"ended with status {process.returncode}" if process.returncode is not None else "did not answer in time"
    raise ServiceFailed(f"{service.name} {why}: {' '.join(service.command())}\n{log.read()[-2000:]}")


def _read_address(stdout: IO[str], address: list[str]) -> None:
    if found := re.search(r"http://\S+", stdout.readline()):
        address.append(found[0])


def _healthy(url: str) -> bool:
    try:
        with urlopen(f"{url}/healthz", timeout=1) as answer:  # noqa: S310 - an address that we chose
            status: int = answer.status
            return status == 200
    except (URLError, OSError):
        return False
