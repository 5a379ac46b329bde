"""The keeper of a learner's file: a process that runs it, stops it at a limit, and leaves nothing behind.

The arguments are FILE PORT LIMITS. The keeper ends with its standard input, which closes when the process that started
it ends, even by SIGKILL. It prints events as lines of JSON.
"""

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import IO, Any

import psutil

from backing.processes import start, tail

from . import runner
from .limits import Limits
from .watch import Watch

MARKER = "SYNC_VS_ASYNC_EXERCISE"
"""The environment variable that marks all processes of one file."""

PR_SET_CHILD_SUBREAPER = 36
"""The operation of prctl(2) that makes orphans below this process its children, whatever session they are in."""

LOOK_EVERY = 0.1
"""Seconds between two looks at the processes."""

END_WITHIN = 10.0
"""Seconds in which killed processes are expected to be gone."""


def kept(file: Path, port: int, limits: Limits, scratch: Path) -> Mapping[str, Any] | None:
    """Run a file until it ends or a limit stops it. Return the event that says so, or None if it is no longer wanted.

    None of its processes is left then.
    """
    work = scratch / "work"
    work.mkdir()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    environment |= dict.fromkeys(("TMPDIR", "XDG_RUNTIME_DIR"), str(work))
    told = [str(file), str(scratch), str(limits.processes), str(limits.written)]
    with (scratch / "output").open("w+b") as output:
        process = start([sys.executable, "-P", runner.__file__, *told], output, environment, folder=work, whole=True)
        try:
            return _watched(Watch(file.name, port, limits, scratch), process, output)
        finally:
            _end(process)


def _watched(watch: Watch, process: Popen[str], output: IO[bytes]) -> Mapping[str, Any] | None:
    listening = False
    while not select.select([sys.stdin], [], [], LOOK_EVERY)[0]:
        ended = process.poll()
        if (sentence := watch.fault(_own(process), output)) is not None:
            return {"stopped": sentence}
        if ended is not None:
            return {"ended": ended, "output": tail(output)}
        if watch.listening and not listening:
            listening = True
            tell({"listening": output.name})
    return None


def _own(process: Popen[str]) -> list[psutil.Process]:
    """Return the processes of the file that still run, without those that have ended."""
    found = psutil.Process().children(recursive=True)
    if sys.platform != "linux":  # orphans have become children of the first process of the system
        found += [each for each in marked(os.environ[MARKER]) if each.pid != os.getpid()]
    running = []
    for each in found:
        with suppress(psutil.Error, ChildProcessError):
            if each.pid != process.pid and each.ppid() == os.getpid():
                os.waitpid(each.pid, os.WNOHANG)
            if each.status() != psutil.STATUS_ZOMBIE:
                running.append(each)
    return running


def marked(marker: str) -> Iterator[psutil.Process]:
    """Yield the running processes with this marker in their environment."""
    for each in psutil.process_iter():
        with suppress(psutil.Error):
            if each.environ().get(MARKER) == marker and each.status() != psutil.STATUS_ZOMBIE:
                yield each


def _end(process: Popen[str]) -> None:
    """Kill all processes of the file, and wait until they are gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # at once: no fork slips through
    process.kill()  # it may have left its group
    process.wait()
    deadline = time.monotonic() + END_WITHIN
    while (left := _own(process)) and time.monotonic() < deadline:
        for each in left:
            with suppress(psutil.Error):
                each.kill()
        time.sleep(0.01)


def tell(event: Mapping[str, Any]) -> None:
    """Print an event."""
    print(json.dumps(event), flush=True)


def main() -> None:
    """Run the file in a scratch folder of its own, which is removed afterwards."""
    file, port, limits = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):  # only the end of standard input ends the keeper
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with TemporaryDirectory(prefix="exercise-", ignore_cleanup_errors=True) as folder:
        tell({"scratch": folder})
        event = kept(Path(file), int(port), Limits(**json.loads(limits)), Path(folder))
    if event is not None:
        with suppress(BrokenPipeError):
            tell(event)


if __name__ == "__main__":
    main()
