"""A service in aiohttp with one careless line: while one user waits, nobody is answered.

Task: answer /healthz while /slow waits for the upstream.
The check's upstream holds the request of /slow until /healthz has been answered.
"""

import os

import urllib3
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]

routes = web.RouteTableDef()
http = urllib3.PoolManager()


@routes.get("/slow")
async def slow(_request: web.Request) -> web.Response:
    response = http.request("GET", f"{UPSTREAM}/slow")
    return web.Response(text=response.data.decode())


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
