"""gunicorn, run from Python with the same limits for every service."""

import socket
import sys
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from .command_line import Serve, Service, parse

BACKLOG = 2048
"""Connections that may wait to be accepted. gunicorn's default; aiohttp's own would be 128."""

SPARE = 1000
"""Connections that a process takes beyond the requests that may wait in it, so that the next one hears 503."""

LONGEST_LINE = 8190
"""Bytes in a request line: aiohttp's limit. gunicorn's default is 4094."""

KEEPALIVE = 75
"""Seconds that an idle connection stays open, where the worker class keeps connections at all."""

DRAIN = 15.0
"""Seconds beyond the longest wait that requests in flight may take to finish after SIGTERM."""

SILENCE = 120
"""Seconds without a sign of life after which gunicorn replaces a worker."""

Load = Callable[[Serve], Any]
"""Makes the application, in the worker process."""


def main(service: Service, load: Load) -> None:
    """Serve until SIGTERM or Ctrl-C. A port that is taken is one line and SystemExit(1)."""
    serve = parse(service)
    listener = listen(serve.host, serve.port)
    host, port = listener.getsockname()[:2]
    print(banner(service, serve, host, port), flush=True)
    Gunicorn(serve, listener, load).run()


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, or one clear line and SystemExit(1)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}.")
    return listener


def banner(service: Service, serve: Serve, host: str, port: int) -> str:
    """What the terminal shows first: where the service is, what it is made of, and a line to try."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - an address to call, not to listen on
    where = f"[{host}]" if ":" in host else host
    made_of = f"{serve.settings.web_concurrency} x {serve.worker_class}, {serve.settings.threads} threads each"
    return f"{service.name} on http://{where}:{port} ({made_of})\n  curl -i http://{where}:{port}/delay/1s"


class Gunicorn(BaseApplication):  # type: ignore[misc] # gunicorn carries no types
    """gunicorn, set from a `Serve` and from nothing else: no configuration file, no GUNICORN_CMD_ARGS."""

    def __init__(self, serve: Serve, listener: socket.socket, load: Load) -> None:
        """Take a bound socket and what makes the application in each worker."""
        self._serve = serve
        self._listener = listener
        self._load = load
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        settings = self._serve.settings
        for name, value in {
            "bind": f"fd://{self._listener.fileno()}",
            "worker_class": self._serve.worker_class,
            "workers": settings.web_concurrency,
            "threads": settings.threads,
            "worker_connections": settings.max_in_flight + SPARE,
            "limit_request_line": LONGEST_LINE,
            "forwarded_allow_ips": "",  # there is no proxy whose headers to trust; SCRIPT_NAME would be a 500
            "backlog": BACKLOG,
            "keepalive": KEEPALIVE,
            "timeout": SILENCE,
            "graceful_timeout": int(settings.max_duration + DRAIN),
            "control_socket_disable": True,
            "loglevel": "warning",
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, made in the worker."""
        return self._load(self._serve)
