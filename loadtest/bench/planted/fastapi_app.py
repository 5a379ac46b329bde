"""The planted faults in FastAPI: `uvicorn --factory loadtest.bench.planted.fastapi_app:create_app --loop uvloop`."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import FastAPI

from .faults import FAULTS
from .stand_ins import WAIT


def create_app() -> FastAPI:
    """Return an application with one handler for each fault, at the name of its function."""
    app = FastAPI()
    app.add_api_route("/healthz", healthz)
    app.add_api_route("/clean", clean)
    for fault in FAULTS:
        app.add_api_route(f"/{fault.__name__}", handler_of(fault))
    return app


def handler_of(fault: Callable[[], None]) -> Callable[[], Awaitable[str]]:
    """Return a handler that has a fault."""

    async def handler() -> str:
        fault()
        return "done"

    return handler


async def healthz() -> str:
    """Answer at once, with the module of the loop."""
    return type(asyncio.get_running_loop()).__module__


async def clean() -> str:
    """Wait without holding the loop."""
    await asyncio.sleep(WAIT)
    return "done"
