"""A service that somebody has rewritten in aiohttp "because it waits": 100 requests a second, each waits 200 ms.

Its supplier takes 40 requests at once, and refuses more. Since the rewrite, it has had to refuse some.
Task: carry what is needed, and never ask the supplier for more than it takes. Was the rewrite needed?
The check sends as many requests at once as Little's law gives, and then 80. None may be refused.
"""

import os

import aiohttp
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]

routes = web.RouteTableDef()


@routes.get("/slow")
async def slow(_request: web.Request) -> web.Response:
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(f"{UPSTREAM}/slow") as response:
        return web.Response(text=await response.text())


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
