"""A service in aiohttp with 5 connections to its database: 20 users wait, and the database has nothing to do.

Task: let 20 users wait for the upstream at once. 5 connections must do: the database has no more for this service.
The check counts the requests at its upstream, and the connections at the database.
"""

import os
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from psycopg_pool import AsyncConnectionPool

UPSTREAM = os.environ["UPSTREAM_URL"]

routes = web.RouteTableDef()
pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=5, open=False)


async def database(_app: web.Application) -> AsyncIterator[None]:
    async with pool:
        yield


@routes.get("/order")
async def order(_request: web.Request) -> web.Response:
    async with pool.connection() as connection, aiohttp.ClientSession() as session:
        row = await (await connection.execute("SELECT 'PostgreSQL'")).fetchone()
        async with session.get(f"{UPSTREAM}/slow") as response:
            return web.Response(text=f"{row[0] if row else ''} {await response.text()}")


app = web.Application()
app.add_routes(routes)
app.cleanup_ctx.append(database)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
