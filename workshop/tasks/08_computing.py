"""A service in aiohttp that computes: nobody is answered meanwhile, and one core does all the work.

Task: answer /healthz during computations, and let two of them use a process each.
The check sends two computations, counts the answers of /healthz, and reads the CPU time of each process.
"""

import os

from aiohttp import web

routes = web.RouteTableDef()


def digits(n: int) -> int:
    return sum(int(digit) for number in range(n) for digit in str(number))


@routes.get("/digits")
async def answer(request: web.Request) -> web.Response:
    return web.Response(text=str(digits(int(request.query["n"]))))


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes(routes)
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
