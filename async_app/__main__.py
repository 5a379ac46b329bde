"""Serve the non-blocking twin under gunicorn: `python -m async_app`."""

from typing import Any

from serving.command_line import ServeOptions
from serving.limits import DRAIN
from serving.serve import main

from .plumbing.service import SERVICE


def load(serve: ServeOptions) -> Any:
    """Return the coroutine function that makes the runner of aiohttp's worker. The imports happen in the worker."""
    from serving.runner import runner  # noqa: PLC0415 - see the docstring

    from .app import create_app  # noqa: PLC0415 - a worker's numbers begin with this import

    async def create_runner() -> Any:
        return runner(create_app(serve.settings), serve.settings.max_duration + DRAIN)

    return create_runner


if __name__ == "__main__":
    main(SERVICE, load)
