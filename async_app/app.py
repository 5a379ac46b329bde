"""The aiohttp adapter: requests go to the steps of their operation."""

from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler

from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.settings import Settings
from serving.headers import Headers
from serving.runner import proceed

from .plumbing.responses import respond, stream
from .plumbing.steps import Steps, open_steps, refused


def create_app(settings: Settings) -> web.Application:
    """Return the service as an aiohttp application. Resources that requests share are closed when it ends."""
    app = web.Application()
    opened: dict[str, Steps] = {}

    async def shared(_app: web.Application) -> AsyncIterator[None]:
        async with open_steps("async_app", settings) as steps:
            opened.update(steps)
            yield

    app.cleanup_ctx.append(shared)
    add_route = partial(app.router.add_route, expect_handler=proceed)
    for operation in OPERATIONS:
        path = operation.path.replace("}", ":[^/%]*(?:%(?!2F)[^/%]*)*}")  # a segment contains neither / nor %2F
        for method in operation.methods:
            add_route(method, path, handler_of(operation, opened))
        add_route("*", path, refuse)
    add_route("*", "/{path:(?s:.*)}", refuse)  # not a middleware, which would slow every request
    return app


def handler_of(operation: Operation, opened: dict[str, Steps]) -> Handler:
    """Return the handler of one operation, whose steps are in `opened` once the application has started."""
    name, reads_headers = operation.name, bool(operation.takes.from_headers)

    async def handler(request: web.Request) -> web.StreamResponse:
        sent = request.headers
        # only these may come in several lines that count; to join lines costs 1 µs
        headers = Headers(sent.get, sent.getall) if reads_headers or "Content-Encoding" in sent else sent
        reply = await opened[name](request.method, request.raw_path, headers, request.read)
        return respond(reply) if isinstance(reply.body, bytes) else await stream(request, reply)

    return handler


async def refuse(request: web.Request) -> web.Response:
    """Refuse a request for an unknown path, or with a method that the path does not support."""
    return respond(refused("async_app", request.method, request.raw_path))
