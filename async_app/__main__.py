"""python -m async_app: the non-blocking twin under gunicorn."""

from typing import Any

from serving.command_line import ServeOptions
from serving.limits import DRAIN
from serving.serve import main

from .plumbing.service import SERVICE


def load(serve: ServeOptions) -> Any:
    """What aiohttp's worker asks for: a coroutine function that makes the runner. Imported here: in the worker."""
    from serving.runner import runner  # noqa: PLC0415 - see above

    from .app import create_app  # noqa: PLC0415 - and what it imports, once it is said where numbers are kept

    async def create_runner() -> Any:
        return runner(create_app(serve.settings), serve.settings.max_duration + DRAIN)

    return create_runner


if __name__ == "__main__":
    main(SERVICE, load)
