"""A database server for the tests alone, and processes that use it."""

import atexit
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import psutil

from backing.postgres import Database, database
from backing.processes import lines_of, stop
from tests.support.stalls import eventually

USER = """
import sys
from pathlib import Path

from backing.postgres import database

with database(Path(sys.argv[1])) as found:
    print(found.url, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a folder for a database's data. If root runs the tests, the server's user cannot enter pytest's folders."""
    parent = Path(mkdtemp(prefix="sync-vs-async-"))
    try:
        yield parent / "postgres"
    finally:
        try:
            eventually(lambda: not any(str(parent) in " ".join(each) for each in _command_lines()))
        finally:
            rmtree(parent)  # the keeper of a process that was killed would have made its lock again meanwhile


def _command_lines() -> Iterator[list[str]]:
    for process in psutil.process_iter(["cmdline"]):
        yield process.info["cmdline"] or []


@contextmanager
def set_up() -> Iterator[Path]:
    """Yield the data of a database that has never run: a copy, because setting it up takes a second."""
    with folder() as data:
        subprocess.run(["cp", "-a", _original(), data], check=True)
        yield data


@cache
def _original() -> Path:
    parent = Path(mkdtemp(prefix="sync-vs-async-"))
    atexit.register(rmtree, parent)
    Database(parent / "postgres")
    return parent / "postgres"


@contextmanager
def own_database() -> Iterator[Database]:
    """Run an empty database server until the context exits, and yield it."""
    with set_up() as data, database(data) as server:
        yield server


class User:
    """A process that uses a database until `leave` is called."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._lines = lines_of(self.process.stdout)

    def url(self) -> str:
        """Return the URL that the process was given."""
        return self._lines.get(timeout=30).strip()

    def leave(self) -> int:
        """Let the process end by itself, and return its status."""
        self.process.communicate("\n", timeout=30)
        return self.process.returncode


@contextmanager
def users(data: Path, count: int) -> Iterator[list[User]]:
    """Start `count` processes at once, yield them, and stop those that are left when the context exits."""
    started: list[User] = []
    try:
        started += [User(data) for _ in range(count)]
        yield started
    finally:
        for user in started:
            stop(user.process)
