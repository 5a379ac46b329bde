"""aiohttp's room: the contract's routes, and what it hands to the steps of each."""

from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler

from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.settings import Settings

from .plumbing.responses import respond, stream
from .plumbing.steps import Steps, open_steps, refused


def create_app(settings: Settings) -> web.Application:
    """The service as an aiohttp application. What it shares between requests is closed when the application ends."""
    app = web.Application()
    opened: dict[str, Steps] = {}

    async def shared(_app: web.Application) -> AsyncIterator[None]:
        async with open_steps("async_app", settings) as steps:
            opened.update(steps)
            yield

    app.cleanup_ctx.append(shared)
    for operation in OPERATIONS:
        path = operation.path.replace("}", ":[^/%]*(?:%(?!2F)[^/%]*)*}")  # %2F names another path, as / does
        for method in operation.methods:
            app.router.add_route(method, path, handler_of(operation, opened))
        app.router.add_route("*", path, refuse)
    app.router.add_route("*", "/{path:(?s:.*)}", refuse)  # a route: every request would pay for a middleware
    return app


def handler_of(operation: Operation, opened: dict[str, Steps]) -> Handler:
    """The handler of one operation, whose steps are in `opened` once the application has started."""
    name = operation.name

    async def handler(request: web.Request) -> web.StreamResponse:
        reply = await opened[name](request.method, request.raw_path, request.headers, request.read)
        return respond(reply) if isinstance(reply.body, bytes) else await stream(request, reply)

    return handler


async def refuse(request: web.Request) -> web.Response:
    """Refuse any other method on a known path, and any other path."""
    return respond(refused("async_app", request.method, request.raw_path))
