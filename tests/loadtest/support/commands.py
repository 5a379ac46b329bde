"""Helpers for `sync-vs-async serve` and `race`: start the command, read its output, and wait for its exit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    """Yield an environment without a database or upstream, and with an empty folder for database files."""
    with folder() as data:
        ours = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "UPSTREAM_URL")}
        yield {**ours, "XDG_CACHE_HOME": str(data.parent)}


class Serving:
    """A running command, its output so far, and every process that it has started."""

    def __init__(self, process: subprocess.Popen[str], environment: dict[str, str]) -> None:
        self.process = process
        self._environment = environment
        assert process.stdout is not None
        self._lines = lines_of(process.stdout)
        self.said: list[str] = []
        self.processes: list[psutil.Process] = []

    def hear(self, last: str) -> None:
        """Read output up to the line that contains `last`. Fail if the command exits before."""
        deadline = time.monotonic() + WITHIN
        while not self.said or last not in self.said[-1]:
            line = self._lines.get(timeout=deadline - time.monotonic())
            assert line, f"The command exited before it printed {last!r}: {self.said}"
            self.said.append(line.rstrip("\n"))
        self.processes = started_in(self._environment)

    def end(self) -> int:
        """Wait for the exit status, and check that no process and no open port is left."""
        status = self.process.wait(WITHIN)
        left = living(self.processes)
        assert left == [], [(process.pid, process.cmdline()) for process in left]
        assert [port for port in ALL_PORTS if taken(port)] == []
        return status


def heeds_hangups() -> None:
    """Restore the default action of SIGHUP, so that a new process ends when its terminal closes."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the test runner may ignore SIGHUP


def with_packages_of_the_same_names(folder: Path) -> Path:
    """Fill a folder with an empty package for each of the project's, and with settings for Locust. Return it."""
    for package in ("backing", "contract", "loadtest", "peers", "serving", "sync_app", "async_app", "locust"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    (folder / "locust.conf").write_text("headless = true\n")
    return folder


@contextmanager
def serving(environment: dict[str, str], *arguments: str, folder: Path | None = None) -> Iterator[Serving]:
    """Run sync-vs-async with these arguments, in this working directory, until the context exits."""
    with subprocess.Popen(
        [SCRIPT, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=heeds_hangups,  # noqa: PLW1509 - possible only in the new process
    ) as process:
        try:
            yield Serving(process, environment)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(WITHIN)
            process.kill()
