"""python -m sync_app: the blocking twin under gunicorn."""

from typing import Any

from serving.command_line import ServeOptions
from serving.serve import main

from .plumbing.service import SERVICE


def load(serve: ServeOptions) -> Any:
    """The WSGI application. Imported here: in the worker, which under gevent has patched the standard library."""
    from .app import create_app  # noqa: PLC0415 - and what it imports, once it is said where numbers are kept

    return create_app(serve.settings)


if __name__ == "__main__":
    main(SERVICE, load)
