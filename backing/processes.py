"""Child processes that serve: their start, their output, and their certain end."""

import os
import queue
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any

from serving import end_with_parent

PYTHON = (sys.executable, "-P", "-m")
"""The start of every command that runs a module. -P: the working directory may hold packages of the same names."""

STOP_WITHIN = 3.0
"""Seconds that a process may take to stop before it is killed."""

SHOWN = 2000
"""Characters of a log that are shown, unless its last line is longer."""

READ = 8000
"""Bytes of a log that are read. A longer line is not shown."""


def start(  # noqa: PLR0913 - what a process is made of
    command: Sequence[str],
    log: IO[Any] | int,
    environment: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    folder: Path | None = None,
    *,
    whole: bool = False,
) -> Popen[str]:
    """Start a process in `folder`, with a pipe for its standard output, and with `log` for its standard error.

    The process leads its own session: Ctrl-C reaches only its parent, which stops its children in the right order. It
    ends with its parent, even if that is killed; with `whole` its children do so too, whatever they are, and its
    standard output goes to `log` as well.
    """
    what = end_with_parent.GROUP if whole else end_with_parent.LEADER
    return Popen(
        [sys.executable, "-IS", end_with_parent.__file__, str(os.getpid()), what, *command],
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=log if whole else subprocess.PIPE,
        stderr=log,
        text=True,
        errors="replace",
        start_new_session=True,
    )


@contextmanager
def logged(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[tuple[Popen[str], IO[str]]]:
    """Run a process until the context exits, and yield it with the log of its standard error."""
    with TemporaryFile("w+") as log:
        process = start(command, log, environment, stdin)
        try:
            yield process, log
        finally:
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Send SIGINT to a process, wait up to STOP_WITHIN seconds, then kill its group, even if interrupted."""
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
                with suppress(BrokenPipeError):  # unsent input of a process that has ended
                    stream.close()


def lines_of(stream: IO[str] | None) -> queue.SimpleQueue[str]:
    """Return a queue that a thread fills with the lines of a process's pipe, and with an empty line at its end."""
    assert stream is not None
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        with suppress(ValueError):  # closed during the read
            for line in stream:
                lines.put(line)
        lines.put("")

    Thread(target=read, daemon=True).start()
    return lines


def unread(lines: queue.SimpleQueue[str], within: float = 0.0) -> Iterator[str]:
    """Yield the unread lines of output, and those that arrive within `within` seconds, until the output ends."""
    deadline = time.monotonic() + within
    with suppress(queue.Empty):
        while line := lines.get(timeout=max(0.0, deadline - time.monotonic())):
            yield line


def tail(log: IO[Any]) -> str:
    """Return the last lines of a log, to which its process may still write.

    They have up to SHOWN characters, or there is one line. No line is divided: a part of a secret would not be
    recognized.
    """
    size = os.fstat(log.fileno()).st_size
    start = max(0, size - READ)
    text = os.pread(log.fileno(), size - start, start).decode(errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if start:
        text = text.partition("\n")[2] or f"(The last line has more than {READ} bytes.)"
    if len(text) > SHOWN:
        before = text.find("\n", len(text) - SHOWN)
        text = text[(before if before >= 0 else text.rfind("\n")) + 1 :]
    return text.strip()


def address_in(line: str) -> str | None:
    """Return the URL that a service prints when it listens, or None if `line` has none."""
    found = re.search(r"http://[^\s]+", line)
    return found[0] if found else None
