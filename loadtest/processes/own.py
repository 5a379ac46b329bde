"""A service of the user's own as real processes: built, started on a free port, and always stopped."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO

from backing.processes import start as start_process
from backing.processes import stop, tail
from loadtest.contenders.target import Start

from .affinity import inherited
from .logs import Logs
from .service import START_WITHIN, ServiceFailed, Started

BUILD_WITHIN = 600.0
"""The longest time in seconds that a command before the start may take."""

LOOK_EVERY = 0.02

CALM = 0.1
"""Cores that the processes of a service use at most once all of them have started."""

CALM_FOR, CALM_WITHIN = 0.15, 10.0
"""Seconds for which they use no more, and seconds after which the service is taken to be busy with something else."""

NOTHING: Mapping[str, str] = MappingProxyType({})

BESIDE = str(Path(sys.executable).parent)
"""The folder where programs are looked for that PATH does not have: that of an environment that was not activated."""


@contextmanager
def started(
    name: str,
    start: Start,
    cores: Collection[int] = (),
    logs: Logs | None = None,
    further: Mapping[str, str] = NOTHING,
) -> Iterator[Started]:
    """Run the commands before the start, then the service until the context exits; yield it once it answers and rests.

    Its processes keep to `cores`, and stop at the exit. Then the output is added to `logs`. `further`: variables of the
    service beside its own. Raises ServiceFailed, with the end of the output, if a command fails, or if the service
    exits or does not answer within START_WITHIN seconds.
    """
    for command in start.before:
        prepare(name, command, start)
    port = free_port()
    environment = {**_environment(start, port), **further}
    words = _found(name, start.command, port, start, environment)
    told = [word.replace("{port}", str(port)) for word in start.command]
    with TemporaryFile() as log, ExitStack() as stack:
        if logs is not None:
            stack.callback(logs.add, name, told, datetime.now().astimezone(), log)
        with inherited(cores):
            process = stack.enter_context(_process(words, environment, start, log))
        running = Started(name, process, f"http://127.0.0.1:{port}", log)
        deadline = time.monotonic() + START_WITHIN
        while not ready(port, start.ready):
            if process.poll() is None and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY)
                continue
            why = f"did not answer within {START_WITHIN:g} s"
            if process.returncode is not None:
                why = f"exited with status {process.returncode}"
            raise ServiceFailed(f"{name} {why}: {' '.join(told)}\n{tail(log)}")
        _calmed(running)
        yield running


def _calmed(running: Started) -> None:
    """Wait until all processes of a service have started: the first worker may answer long before the last one."""
    until = time.monotonic() + CALM_WITHIN
    before = running.cpu_time()
    while time.monotonic() < until:
        time.sleep(CALM_FOR)
        now = running.cpu_time()
        if now.since(before) <= CALM * CALM_FOR:
            return
        before = now


def prepare(name: str, command: Sequence[str], start: Start) -> None:
    """Run one command to its end. Raises ServiceFailed, with the end of its output, if it fails."""
    environment = _environment(start, 0)
    words = _found(name, command, 0, start, environment)
    with TemporaryFile() as log, _process(words, environment, start, log) as process:
        try:
            status = process.wait(BUILD_WITHIN)
        except subprocess.TimeoutExpired:
            raise ServiceFailed(
                f"{name}: {' '.join(command)} took more than {BUILD_WITHIN:g} s.\n{tail(log)}"
            ) from None
        if status:
            raise ServiceFailed(f"{name}: {' '.join(command)} ended with status {status}.\n{tail(log)}")


@contextmanager
def _process(
    words: Sequence[str], environment: Mapping[str, str], start: Start, log: IO[bytes]
) -> Iterator[subprocess.Popen[str]]:
    """Run a process until the context exits. All its output goes to `log` directly: nobody has to read it meanwhile."""
    process = start_process(words, log, environment, folder=start.folder, whole=True)
    try:
        yield process
    finally:
        stop(process)


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def ready(port: int, path: str | None) -> bool:
    """Return True if a service answers on this port: with a status under 400 to `path`, or at all without a path."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path or "/")
        return connection.getresponse().status < 400 or path is None
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _environment(start: Start, port: int) -> Mapping[str, str]:
    own = {key: value.replace("{port}", str(port)) for key, value in start.environment.items()}
    return {**os.environ, **own}


def _found(name: str, command: Sequence[str], port: int, start: Start, environment: Mapping[str, str]) -> list[str]:
    """Return the words of a command, the first as the path of its program. Raises ServiceFailed if there is none."""
    program, *words = (word.replace("{port}", str(port)) for word in command)
    # a path is relative to the service's folder; shutil would take it as relative to that of this process
    known = str(start.folder / program) if "/" in program else program
    found = shutil.which(known, path=environment.get("PATH")) or shutil.which(known, path=BESIDE)
    if found is None:
        raise ServiceFailed(f"{name}: there is no program {program!r}.")
    return [found, *words]
