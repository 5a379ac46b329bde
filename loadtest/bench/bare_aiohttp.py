"""The least that an aiohttp handler can do to wait, under the same server as the twin: the baseline."""

import asyncio
from typing import Any

from aiohttp import web

from async_app.plumbing.service import SERVICE
from serving.command_line import Serve
from serving.limits import KEEPALIVE
from serving.serve import main


async def delay(request: web.Request) -> web.Response:
    """Wait, and say for how long."""
    duration = float(request.match_info["duration"])
    await asyncio.sleep(duration)
    return web.json_response({"duration": duration})


def load(_serve: Serve) -> Any:
    """The application, for aiohttp's gunicorn worker."""

    async def create_runner() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/delay/{duration}", delay)
        return web.AppRunner(app, access_log=None, keepalive_timeout=KEEPALIVE)

    return create_runner


if __name__ == "__main__":
    main(SERVICE, load)
