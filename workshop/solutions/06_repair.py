"""A service in aiohttp whose supplier's library blocks: each call runs in a thread of a pool of 40.

`to_thread` shares one pool with the whole program: of 4 threads more than there are cores, and of at most 32.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import urllib3
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]

routes = web.RouteTableDef()
http = urllib3.PoolManager(maxsize=40)
pool = ThreadPoolExecutor(40)


def call() -> str:
    return http.request("GET", f"{UPSTREAM}/slow").data.decode()  # holds a thread


@routes.get("/slow")
async def slow(_request: web.Request) -> web.Response:
    return web.Response(text=await asyncio.get_running_loop().run_in_executor(pool, call))


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
