"""A page of five parts in aiohttp, which asks for all parts at once.

`gather` runs the coroutines at once and returns their results in the order of its arguments.
"""

import asyncio
import os

import aiohttp
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]
PARTS = ("header", "menu", "news", "weather", "footer")

routes = web.RouteTableDef()


async def fetch(session: aiohttp.ClientSession, part: str) -> str:
    async with session.get(f"{UPSTREAM}/{part}") as response:
        return await response.text()


@routes.get("/page")
async def page(_request: web.Request) -> web.Response:
    async with aiohttp.ClientSession() as session:
        texts = await asyncio.gather(*(fetch(session, part) for part in PARTS))
    return web.Response(text=" ".join(texts))


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
