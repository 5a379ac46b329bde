"""A service in aiohttp with 5 connections to its database, which it holds only while the database works.

Async makes no database faster: its connections are slots, and whoever waits for something else must give them back.
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
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT 'PostgreSQL'")).fetchone()
    async with aiohttp.ClientSession() as session, session.get(f"{UPSTREAM}/slow") as response:
        return web.Response(text=f"{row[0] if row else ''} {await response.text()}")


app = web.Application()
app.add_routes(routes)
app.cleanup_ctx.append(database)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
