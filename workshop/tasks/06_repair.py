"""A service in aiohttp whose supplier's library blocks: each call runs in a thread, and the event loop is free.

Task: let 40 calls wait at once. `call` stands for the library, which has no async version.
The check counts the calls that wait at its upstream, and asks for /healthz meanwhile.
"""

import asyncio
import os

import urllib3
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]

routes = web.RouteTableDef()
http = urllib3.PoolManager(maxsize=40)


def call() -> str:
    return http.request("GET", f"{UPSTREAM}/slow").data.decode()  # holds a thread


@routes.get("/slow")
async def slow(_request: web.Request) -> web.Response:
    return web.Response(text=await asyncio.to_thread(call))


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
