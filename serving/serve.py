"""The start of a service from its command line: socket, first lines on the terminal, and gunicorn."""

import os
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .command_line import ServeOptions, ServiceSpec, parse
from .limits import BACKLOG, ENOUGH, OTHERS, SPARE
from .shared_numbers import share
from .taken_port import why_not

READ_BY_GUNICORN = ("WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")
"""The variables that gunicorn reads on import for settings that are made here. A bad value would be a traceback."""

Load = Callable[[ServeOptions], Any]
"""Creates the application, in the worker process."""


def main(service: ServiceSpec, load: Load) -> None:
    """Serve until SIGTERM or Ctrl-C. If the port is in use, print one line and raise SystemExit(1)."""
    serve = parse(service)
    for variable in READ_BY_GUNICORN:
        os.environ.pop(variable, None)
    from .gunicorn import Gunicorn  # noqa: PLC0415 - see READ_BY_GUNICORN

    listener = listen(serve.host, serve.port)
    host, port = listener.getsockname()[:2]
    print(banner(service, serve, host, port), flush=True)
    serve = fitted(serve, raise_descriptors())
    share(serve.settings.web_concurrency)
    Gunicorn(serve, listener, load).run()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address. On failure, print one line and raise SystemExit(1)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        sys.exit(f"Cannot listen on {host}:{port}: {why_not(error, port)}.")
    return listener


def raise_descriptors() -> int:
    """Raise the limit of open files and sockets as far as the system allows, for this process and its children.

    Return the limit.
    """
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:  # macOS says so, but refuses it
        most = max(soft, ENOUGH)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def fitted(serve: ServeOptions, descriptors: int) -> ServeOptions:
    """Return the options of a service whose processes may each open so many files and sockets.

    If they are too few, at least half of the connections that are possible may have a request in flight, and the others
    are there to receive a 503. One line says so if that is fewer than MAX_IN_FLIGHT.
    """
    settings = serve.settings
    others = OTHERS + 2 * settings.pool_size + 2 * settings.threads
    possible = max(descriptors - others, descriptors // 4)  # pools and threads are rarely all in use
    if serve.worker_class == "sync" or serve.connections <= possible:
        return serve
    fits = min(settings.max_in_flight, max(possible - SPARE, possible // 2))
    if fits < settings.max_in_flight:
        print(
            f"A process may open only {descriptors} files and sockets: MAX_IN_FLIGHT is {fits} instead of "
            f"{settings.max_in_flight}, which would need `ulimit -n {serve.connections + others}`.",
            file=sys.stderr,
            flush=True,
        )
    return replace(serve, connections=possible, settings=settings.model_copy(update={"max_in_flight": fits}))


def banner(service: ServiceSpec, serve: ServeOptions, host: str, port: int) -> str:
    """Return the first lines on the terminal: the service's URL, its workers and threads, and a command to try."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - an address to call, not to listen on
    where = f"[{host}]" if ":" in host else host
    made_of = f"{serve.settings.web_concurrency} x {serve.worker_class}"
    if serve.worker_class == "gthread":
        made_of += f", {serve.settings.threads} threads each"
    return f"{service.name} on http://{where}:{port} ({made_of})\n  curl -i http://{where}:{port}/delay/1s"
