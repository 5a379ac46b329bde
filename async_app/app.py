"""aiohttp's room: the contract's routes, what it hands to the steps of each, and what it makes of their replies."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import web
from aiohttp.typedefs import Handler

from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.replies import Reply
from contract.settings import Settings

from .steps import Steps, open_steps, refused

log = logging.getLogger("async_app")


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
        if isinstance(reply.body, bytes):
            return respond(reply)
        return await stream(request, reply)

    return handler


async def refuse(request: web.Request) -> web.Response:
    """Refuse any other method on a known path, and any other path."""
    return respond(refused("async_app", request.method, request.raw_path))


def respond(reply: Reply) -> web.Response:
    """The reply as aiohttp's response."""
    return web.Response(body=reply.body, status=reply.status, headers=reply.headers)


async def stream(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Send the reply piece by piece. A client that leaves cancels this."""
    assert isinstance(reply.body, AsyncIterator)
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    try:
        async with aclosing(reply.body):  # type: ignore[type-var] # see Chunks
            await response.prepare(request)
            if request.method != "HEAD":
                async for chunk in reply.body:
                    await response.write(chunk)
    except ConnectionError:
        pass  # it has left between two chunks
    except Exception:
        log.exception("Exception in the midst of %s [%s]", request.path, request.method)
        if request.transport is not None:
            request.transport.abort()  # what has been sent cannot be taken back, and must not look whole
    return response
