"""The planted faults in aiohttp: `python -m loadtest.bench.planted.aiohttp_app --port 8000 --loop uvloop`."""

import argparse
import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import uvloop
from aiohttp import web
from aiohttp.typedefs import Handler

from .faults import FAULTS, key_derivation
from .stand_ins import WAIT

THREADS = 16

POOL = ThreadPoolExecutor(THREADS)
"""The pool of repaired handlers. It starts threads as it needs them."""

IN_A_THREAD = "/in-a-thread"
"""The beginning of their paths."""

LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


def create_app() -> web.Application:
    """Return an application with one handler for each fault, at the name of its function."""
    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/clean", clean)
    for fault in (*FAULTS, key_derivation):
        app.router.add_get(f"/{fault.__name__}", handler_of(fault))
        app.router.add_get(f"{IN_A_THREAD}/{fault.__name__}", repaired_handler_of(fault))
    return app


def handler_of(fault: Callable[[], None]) -> Handler:
    """Return a handler that has a fault."""

    async def handler(_request: web.Request) -> web.Response:
        fault()
        return web.Response(text="done")

    return handler


def repaired_handler_of(fault: Callable[[], None]) -> Handler:
    """Return a handler that has the fault in a thread."""

    async def handler(_request: web.Request) -> web.Response:
        await asyncio.get_running_loop().run_in_executor(POOL, fault)
        return web.Response(text="done")

    return handler


async def healthz(_request: web.Request) -> web.Response:
    """Answer at once, with the module of the loop."""
    return web.Response(text=type(asyncio.get_running_loop()).__module__)


async def clean(_request: web.Request) -> web.Response:
    """Wait without holding the loop."""
    await asyncio.sleep(WAIT)
    return web.Response(text="done")


def main() -> None:
    """Serve on a port and a loop, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--loop", choices=LOOPS, required=True)
    options = parser.parse_args()
    web.run_app(create_app(), host="127.0.0.1", port=options.port, loop=LOOPS[options.loop](), access_log=None)


if __name__ == "__main__":
    main()
