"""Serve the blocking twin under gunicorn: `python -m sync_app`."""

from typing import Any

from serving.command_line import ServeOptions
from serving.serve import main

from .plumbing.service import SERVICE


def load(serve: ServeOptions) -> Any:
    """Return the WSGI application. The import happens in the worker: under gevent, after monkey patching."""
    from .app import create_app  # noqa: PLC0415 - a worker's numbers begin with this import

    return create_app(serve.settings)


if __name__ == "__main__":
    main(SERVICE, load)
