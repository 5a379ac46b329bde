"""Bring the watcher into the processes of a service that is started, by their environment alone."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import psutil

PATH = Path(__file__).parent / "path"
"""The folder of the `sitecustomize` that starts the watcher."""

PROJECT = Path(__file__).resolve().parents[2]
"""The folder of the line-up's services, to which the files of their lines are relative."""

LINEUP = tuple(PROJECT / each for each in ("async_app", "sync_app", "peers", "serving"))
"""The code of the line-up's services, which may be installed among the libraries."""

VARIABLE, SEPARATOR = "SYNC_VS_ASYNC_WATCH", "\n"
"""The variable with the settings of the watcher, and what separates them: no path has it."""

LEAST = 0.01
"""Seconds of a callback that are reported."""

BURST = 0.02
"""Seconds for which a row of short callbacks may keep a timer waiting. Under load a loop is late by a few milliseconds
now and then, without any fault."""

PREFIX = "sync-vs-async-watch-"


@dataclass(frozen=True)
class Watch:
    """A watch of one service. `folder`: where its processes report. `own`: folders of code that is no library's.

    `least`: seconds of a callback that are reported.
    """

    folder: Path
    own: tuple[Path, ...] = ()
    least: float = LEAST

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that bring the watcher in. `given`: the environment of the service without it."""
        parts = (self.folder, self.least, max(BURST, self.least), *self.own)
        known = given.get("PYTHONPATH")
        return {
            VARIABLE: SEPARATOR.join(map(str, parts)),
            "PYTHONPATH": f"{PATH}{os.pathsep}{known}" if known else str(PATH),
        }


@contextmanager
def watching(own: Sequence[Path] = (), least: float = LEAST) -> Iterator[Watch]:
    """Keep a folder for the reports of one service until the context exits."""
    _sweep()
    with TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Watch(Path(folder), tuple(own), least)


def _sweep() -> None:
    """Remove the folders of commands that were killed."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        process = folder.name.removeprefix(PREFIX).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
