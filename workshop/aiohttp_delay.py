"""A complete aiohttp service that waits: each request holds a coroutine.

python workshop/aiohttp_delay.py          serves until Ctrl-C
curl -i http://127.0.0.1:8002/delay/1     answers after a second
"""

import asyncio

from aiohttp import web

routes = web.RouteTableDef()


@routes.get("/delay/{duration}")
async def delay(request: web.Request) -> web.Response:
    """Wait for `duration` seconds, and return them."""
    seconds = float(request.match_info["duration"])
    await asyncio.sleep(seconds)  # holds a coroutine
    return web.json_response({"duration": seconds})


def create_app() -> web.Application:
    """Return the application with its routes."""
    app = web.Application()
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    web.run_app(create_app(), host="127.0.0.1", port=8002)
