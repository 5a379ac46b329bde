"""A service in aiohttp that takes every request: under overload all wait, and those served have given up.

Task: have at most 8 requests to /slow in flight. Refuse others at once: status 503, with a Retry-After header.
The check sends 8 requests, then more while its upstream holds the 8, and again 8 once they have been answered.
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
