"""A service in aiohttp that answers nobody else while it fills a page, and no handler has a careless line.

Task: let 8 pages wait at once, and answer /healthz meanwhile. docs/workshop.md says how the watcher finds the line.
Predict the gain first: a page of three parts of 20 ms holds the event loop for 60 ms, or else a thread for as long.
The check counts the pages that wait at its upstream, and asks for /healthz meanwhile.
"""

import os

import urllib3
from aiohttp import web

UPSTREAM = os.environ["UPSTREAM_URL"]
http = urllib3.PoolManager(maxsize=8)


class Parts:
    def __getitem__(self, part: str) -> str:
        return http.request("GET", f"{UPSTREAM}/delay/{part}").data.decode()


def filled(names: str) -> str:
    parts = Parts()
    return " ".join(parts[each] for each in names.split(","))


async def page(request: web.Request) -> web.Response:
    return web.Response(text=filled(request.match_info["names"]))


async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


app = web.Application()
app.add_routes([web.get("/page/{names}", page), web.get("/healthz", healthz)])
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
