"""Baseline: the workshop's aiohttp service, under the same server as the twin."""

from typing import Any

from aiohttp import web

from async_app.plumbing.service import SERVICE
from serving.command_line import ServeOptions
from serving.limits import KEEPALIVE
from serving.serve import main
from workshop.aiohttp_delay import create_app


def load(_serve: ServeOptions) -> Any:
    """Return a coroutine function that creates the runner, as aiohttp's gunicorn worker requires."""

    async def create_runner() -> web.AppRunner:
        return web.AppRunner(create_app(), access_log=None, keepalive_timeout=KEEPALIVE)

    return create_runner


if __name__ == "__main__":
    main(SERVICE, load)
