"""The planted faults in Sanic: `sanic --factory loadtest.bench.planted.sanic_app:create_app --single-process`.

The environment's SANIC_USE_UVLOOP chooses the loop.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sanic import HTTPResponse, Request, Sanic, text

from .faults import FAULTS
from .stand_ins import WAIT


def create_app() -> Sanic[Any, Any]:
    """Return an application with one handler for each fault, at the name of its function."""
    app: Sanic[Any, Any] = Sanic("planted")
    app.add_route(healthz, "/healthz")
    app.add_route(clean, "/clean")
    for fault in FAULTS:
        app.add_route(handler_of(fault), f"/{fault.__name__}", name=fault.__name__)
    return app


def handler_of(fault: Callable[[], None]) -> Callable[[Request], Coroutine[Any, Any, HTTPResponse]]:
    """Return a handler that has a fault."""

    async def handler(_request: Request) -> HTTPResponse:
        fault()
        return text("done")

    return handler


async def healthz(_request: Request) -> HTTPResponse:
    """Answer at once, with the module of the loop."""
    return text(type(asyncio.get_running_loop()).__module__)


async def clean(_request: Request) -> HTTPResponse:
    """Wait without holding the loop."""
    await asyncio.sleep(WAIT)
    return text("done")
