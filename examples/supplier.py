"""The supplier of the shops: it takes 100 ms for every answer, and serves until Ctrl-C.

python examples/supplier.py
"""

import asyncio

from aiohttp import web

routes = web.RouteTableDef()


@routes.get("/stock/{product}")
async def stock(request: web.Request) -> web.Response:
    """Tell how many pieces of a product there are."""
    await asyncio.sleep(0.1)
    return web.json_response({"pieces": 1 + int(request.match_info["product"]) % 7})


if __name__ == "__main__":
    app = web.Application()
    app.add_routes(routes)
    web.run_app(app, host="127.0.0.1", port=8010, access_log=None)
