"""Processes that are started to serve: what they say, and their certain end."""

import os
import queue
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from subprocess import Popen
from tempfile import TemporaryFile
from threading import Thread
from typing import IO

STOP_WITHIN = 3.0
"""Seconds that a process may take to stop before it is killed."""


def start(
    command: Sequence[str],
    log: IO[str] | int,
    environment: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> Popen[str]:
    """Start a process whose standard output is read line by line, and whose errors go to `log`.

    It leads a session of its own, so that Ctrl-C reaches it through us and in our order.
    """
    return Popen(
        command,
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        errors="replace",
        start_new_session=True,
    )


@contextmanager
def logged(
    command: Sequence[str], environment: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
) -> Iterator[tuple[Popen[str], IO[str]]]:
    """Such a process, and the log that its errors go to; stopped when the context is left."""
    with TemporaryFile("w+") as log:
        process = start(command, log, environment, stdin)
        try:
            yield process, log
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


def lines_of(stream: IO[str] | None) -> queue.SimpleQueue[str]:
    """The lines of a process's pipe as they come, read by a thread of its own; an empty line at its end."""
    assert stream is not None
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


def address_in(line: str) -> str | None:
    """The address that a service names when it listens, if this is the line that does."""
    found = re.search(r"http://[^\s]+", line)
    return found[0] if found else None
