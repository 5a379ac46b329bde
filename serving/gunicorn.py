"""gunicorn, run from Python with the same limits for every service."""

import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from .command_line import ServeOptions
from .limits import BACKLOG, DRAIN, KEEPALIVE, LONGEST_LINE, SILENCE, SPARE
from .shared_numbers import forget

HEARD = 0.2
"""Seconds in which every worker has heard a signal: one that still accepts would take a closed door for a fault."""


def be_mortal(_master: Any, _worker: Any) -> None:
    """Let a worker be stopped while it boots: until then it has the master's handlers, which lose its signals."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Closing(Arbiter):  # type: ignore[misc] # gunicorn carries no types
    """An arbiter that refuses new connections while requests in flight are answered.

    Closing its own copy of the listening socket does not: connections go on to queue at the workers' copies.
    """

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers, and on the way, close the door."""
        if graceful and self.WORKERS:
            self.kill_workers(signal.SIGTERM)
            time.sleep(HEARD)
            for listener in self.LISTENERS:
                with suppress(OSError):  # where a system will not have it, they queue until the workers are gone
                    listener.shutdown(socket.SHUT_RDWR)
        super().stop(graceful)


class Gunicorn(BaseApplication):  # type: ignore[misc] # gunicorn carries no types
    """gunicorn, set from `ServeOptions` and from nothing else: no configuration file, no GUNICORN_CMD_ARGS."""

    def __init__(self, serve: ServeOptions, listener: socket.socket, load: Callable[[ServeOptions], Any]) -> None:
        self._serve = serve
        self._descriptor = listener.detach()  # gunicorn closes it
        self._load = load
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        settings = self._serve.settings
        threaded = self._serve.worker_class == "gthread"
        for name, value in {
            "bind": f"fd://{self._descriptor}",
            "worker_class": "serving.thread_worker.ThreadWorker" if threaded else self._serve.worker_class,
            "workers": settings.web_concurrency,
            "threads": settings.threads if threaded else 1,  # sync with more is gthread
            "worker_connections": settings.max_in_flight + SPARE,
            "limit_request_line": LONGEST_LINE,
            "forwarded_allow_ips": "",  # there is no proxy whose headers to trust; SCRIPT_NAME would be a 500
            "backlog": BACKLOG,
            "keepalive": KEEPALIVE,
            "timeout": SILENCE,
            "graceful_timeout": int(settings.max_duration + DRAIN),
            "control_socket_disable": True,
            "post_fork": be_mortal,
            "child_exit": forget,
            "loglevel": "warning",
        }.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until the process is told to stop; a fault of the set-up is one line and SystemExit(1)."""
        try:
            Closing(self).run()
        except RuntimeError as error:
            sys.exit(f"Cannot serve: {error}.")

    def load(self) -> Any:
        """The application, made in the worker."""
        return self._load(self._serve)
