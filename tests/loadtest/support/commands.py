"""The command sync-vs-async where it serves: its process, what it says, and its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from backing.processes import lines_of
from contract import ports
from loadtest.processes.stack import PORTS
from tests.backing.support.databases import folder
from tests.loadtest.support.processes import living, started_in, taken

SCRIPT = Path(sys.executable).with_name("sync-vs-async")
WITHIN = 60.0

ALL_PORTS = (*PORTS.values(), ports.UPSTREAM, ports.LOCUST)


@contextmanager
def alone() -> Iterator[dict[str, str]]:
    """An environment in which everything has to be started, the database with data of its own."""
    with folder() as data:
        ours = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "UPSTREAM_URL")}
        yield {**ours, "XDG_CACHE_HOME": str(data.parent)}


class Serving:
    """A command that serves, what it says, and every process that it has started."""

    def __init__(self, process: subprocess.Popen[str], environment: dict[str, str]) -> None:
        self.process = process
        self._environment = environment
        assert process.stdout is not None
        self._lines = lines_of(process.stdout)
        self.said: list[str] = []
        self.processes: list[psutil.Process] = []

    def hear(self, last: str) -> None:
        """Listen up to the line that holds these words."""
        deadline = time.monotonic() + WITHIN
        while not self.said or last not in self.said[-1]:
            line = self._lines.get(timeout=deadline - time.monotonic())
            assert line, f"It ended without a word of {last!r}: {self.said}"
            self.said.append(line.rstrip("\n"))
        self.processes = started_in(self._environment)

    def end(self) -> int:
        """Its exit status, once it is gone and nothing that it started is left."""
        status = self.process.wait(WITHIN)
        assert living(self.processes) == []
        assert [port for port in ALL_PORTS if taken(port)] == []
        return status


def heeds_hangups() -> None:
    """Let a process that is about to be started end when its terminal is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs these tests may ignore them


@contextmanager
def serving(environment: dict[str, str], *arguments: str) -> Iterator[Serving]:
    """sync-vs-async with these arguments, ended when the context is left."""
    process = subprocess.Popen(
        [SCRIPT, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=heeds_hangups,  # noqa: PLW1509 - only the process itself can do it
    )
    try:
        yield Serving(process, environment)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(WITHIN)
        assert process.stdout is not None
        process.stdout.close()
