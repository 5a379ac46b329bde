"""A service in aiohttp that awaits its upstream: the event loop is free while a user waits.

A service with many requests would keep one session for all of them, as the solution of task 4 does.
"""

import os

import aiohttp
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]

routes = web.RouteTableDef()


@routes.get("/slow")
async def slow(_request: web.Request) -> web.Response:
    async with aiohttp.ClientSession() as session, session.get(f"{UPSTREAM}/slow") as response:
        return web.Response(text=await response.text())


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
