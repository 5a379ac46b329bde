"""A service in aiohttp that takes 8 requests, and refuses others at once: those whom it takes are served in time.

No other coroutine runs between `locked` and the start of `async with`, which does not wait for a free semaphore.
"""

import asyncio
import os

import aiohttp
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]

routes = web.RouteTableDef()
places = asyncio.Semaphore(8)


@routes.get("/slow")
async def slow(_request: web.Request) -> web.Response:
    if places.locked():
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
    async with places, aiohttp.ClientSession() as session, session.get(f"{UPSTREAM}/slow") as response:
        return web.Response(text=await response.text())


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
