"""gunicorn, started from Python with the same limits for every service."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from . import aiohttp_workers
from .command_line import ServeOptions
from .end_with_parent import signalled
from .limits import BACKLOG, DRAIN, KEEPALIVE, LONGEST_LINE, SILENCE
from .shared_numbers import assign, forget, take

HEARD = 0.2
"""Seconds for every worker to receive SIGTERM. A worker that still accepts would fail on a closed socket."""

HEARTBEATS = "/dev/shm"  # noqa: S108 - gunicorn creates an unguessable name in it, and removes it at once
"""The directory for the heartbeats of workers on Linux. Elsewhere it is that for temporary files; if that is removed,
gunicorn cannot start a worker."""

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""The signals that stop a worker."""

WORKERS = {
    "gthread": "serving.thread_worker.ThreadWorker",
    aiohttp_workers.UVLOOP: "serving.web_worker.UvloopWorker",
    aiohttp_workers.ASYNCIO: "serving.web_worker.AsyncioWorker",
}
"""The worker classes that are served by a changed one."""


def begin(_master: Any, worker: Any) -> None:
    """Make a forked process a worker: with numbers of its own, and without the master's signal handlers.

    They would only note a signal for a master that this process is not. `Closing` holds the signals back until here.
    """
    take(worker)
    for number in STOPPING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    if sys.platform == "linux":  # elsewhere workers notice by themselves, a sync worker only after up to SILENCE / 2
        signalled(worker.ppid, signal.SIGTERM)


class Closing(Arbiter):  # type: ignore[misc] # gunicorn has no type hints
    """An arbiter that stops its workers whenever it is asked to, and then refuses new connections."""

    def spawn_worker(self) -> Any:
        """Start a worker. Signals wait until `begin` in the worker, and until the fork here."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers. A graceful stop sends SIGTERM and then shuts the listening sockets down.

        Closing its own copy of a socket is not enough: connections would still queue at the workers' copies.
        """
        if graceful and self.WORKERS:
            self.kill_workers(signal.SIGTERM)
            time.sleep(HEARD)
            for listener in self.LISTENERS:
                with suppress(OSError):  # if the system refuses, connections queue until the workers exit
                    listener.shutdown(socket.SHUT_RDWR)
        super().stop(graceful)


class Gunicorn(BaseApplication):  # type: ignore[misc] # gunicorn has no type hints
    """gunicorn, configured by `ServeOptions` alone: no configuration file, no GUNICORN_CMD_ARGS."""

    def __init__(self, serve: ServeOptions, listener: socket.socket, load: Callable[[ServeOptions], Any]) -> None:
        self._serve = serve
        self._descriptor = listener.detach()  # gunicorn closes it
        self._load = load
        super().__init__()

    def load_config(self) -> None:
        """Set the options that differ from gunicorn's defaults."""
        settings = self._serve.settings
        threaded = self._serve.worker_class == "gthread"
        for name, value in {
            "bind": f"fd://{self._descriptor}",
            "worker_class": WORKERS.get(self._serve.worker_class, self._serve.worker_class),
            "workers": settings.web_concurrency,
            "threads": settings.threads if threaded else 1,  # more would turn sync into gthread
            "worker_connections": self._serve.connections,
            "limit_request_line": LONGEST_LINE,
            "forwarded_allow_ips": "",  # no proxy is trusted; a SCRIPT_NAME header would cause a 500
            "backlog": BACKLOG,
            "keepalive": KEEPALIVE,
            "timeout": SILENCE,
            "graceful_timeout": int(settings.max_duration + DRAIN),
            "worker_tmp_dir": HEARTBEATS if os.access(HEARTBEATS, os.W_OK) else None,
            "control_socket_disable": True,
            "pre_fork": assign,
            "post_fork": begin,
            "child_exit": forget,
            "loglevel": "warning",
        }.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until a signal stops the process. On a setup error, print one line and raise SystemExit(1)."""
        try:
            Closing(self).run()
        except RuntimeError as error:
            sys.exit(f"Cannot serve: {error}.")

    def load(self) -> Any:
        """Create the application in the worker process."""
        return self._load(self._serve)
