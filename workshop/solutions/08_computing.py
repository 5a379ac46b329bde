"""A service in aiohttp that computes in processes of their own: the event loop is free, and two cores work.

Threads would free the event loop as well, but share one interpreter lock: two computations would take as long as one
after the other.
"""

import asyncio
import os
from concurrent.futures import ProcessPoolExecutor

from aiohttp import web

routes = web.RouteTableDef()
pool = ProcessPoolExecutor(2)


def digits(n: int) -> int:
    return sum(int(digit) for number in range(n) for digit in str(number))


@routes.get("/digits")
async def answer(request: web.Request) -> web.Response:
    n = int(request.query["n"])
    return web.Response(text=str(await asyncio.get_running_loop().run_in_executor(pool, digits, n)))


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
