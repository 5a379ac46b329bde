"""python -m sync_app: the blocking twin under gunicorn."""

from typing import Any

from contract import ports
from serving.command_line import ServeOptions, ServiceSpec
from serving.serve import main

SERVICE = ServiceSpec(
    name="sync_app",
    about="The blocking twin, on Flask: a request that waits holds a thread.",
    port=ports.SYNC_APP,
    worker_class="gthread",
    worker_classes={
        "gthread": "threads, the default",
        "sync": "one thread, whatever --threads says",
        "gevent": "greenlets",
    },
    threads_help="threads that answer requests in each worker (default: THREADS, or 32)",
)


def load(serve: ServeOptions) -> Any:
    """The WSGI application. Imported here: in the worker, which under gevent has patched the standard library."""
    from .app import create_app  # noqa: PLC0415 - and what it imports, once it is said where numbers are kept

    return create_app(serve.settings)


if __name__ == "__main__":
    main(SERVICE, load)
