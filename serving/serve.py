"""From a command line to a service: its socket, its first lines on the terminal, and gunicorn."""

import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

from .command_line import ServeOptions, ServiceSpec, parse
from .limits import BACKLOG
from .shared_numbers import shared_numbers

Load = Callable[[ServeOptions], Any]
"""Makes the application, in the worker process."""


def main(service: ServiceSpec, load: Load) -> None:
    """Serve until SIGTERM or Ctrl-C. A port that is taken is one line and SystemExit(1)."""
    serve = parse(service)
    from .gunicorn import Gunicorn  # noqa: PLC0415 - its import reads WEB_CONCURRENCY, which has been checked only now

    listener = listen(serve.host, serve.port)
    raise_descriptors()
    host, port = listener.getsockname()[:2]
    print(banner(service, serve, host, port), flush=True)
    with shared_numbers():
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


def raise_descriptors() -> None:
    """Let this process and its children open as many files and sockets as the system allows them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def banner(service: ServiceSpec, serve: ServeOptions, host: str, port: int) -> str:
    """What the terminal shows first: where the service is, what it is made of, and a line to try."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - an address to call, not to listen on
    where = f"[{host}]" if ":" in host else host
    made_of = f"{serve.settings.web_concurrency} x {serve.worker_class}"
    if serve.worker_class == "gthread":
        made_of += f", {serve.settings.threads} threads each"
    return f"{service.name} on http://{where}:{port} ({made_of})\n  curl -i http://{where}:{port}/delay/1s"
