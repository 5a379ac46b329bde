"""Baseline: the workshop's Flask service, under the same server as the twin."""

from typing import Any

from serving.command_line import ServeOptions
from serving.serve import main
from sync_app.plumbing.service import SERVICE
from workshop.flask_delay import app


def load(_serve: ServeOptions) -> Any:
    """Return the WSGI application."""
    return app


if __name__ == "__main__":
    main(SERVICE, load)
