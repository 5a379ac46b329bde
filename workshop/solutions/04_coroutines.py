"""A service in aiohttp: a coroutine and a connection for each of up to 400 users.

The connector of a client session has 100 connections by default: a pool that nobody asked for is a limit as well.
"""

import os
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]
SESSION = web.AppKey("session", aiohttp.ClientSession)

routes = web.RouteTableDef()


async def client(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=400)) as app[SESSION]:
        yield


@routes.get("/slow")
async def slow(request: web.Request) -> web.Response:
    async with request.app[SESSION].get(f"{UPSTREAM}/slow") as response:
        return web.Response(text=await response.text())


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
app.cleanup_ctx.append(client)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
