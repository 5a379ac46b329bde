"""Sanic's room: the contract's routes, what it hands to the steps of each, and what it makes of their replies."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import MethodNotAllowed, NotFound

from async_app.plumbing.steps import Steps, open_steps, refused
from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.replies import Reply
from contract.settings import Settings
from serving.limits import DRAIN, KEEPALIVE
from serving.loop_worker import Serving

NAME = "peers.sanic"

LOOK_EVERY = 0.05
"""Seconds between two looks at whether all requests in flight have been answered."""


def create_app(settings: Settings) -> Sanic[Any, Any]:
    """The service as a Sanic application. What it shares between requests is closed when the application ends."""
    app: Sanic[Any, Any] = Sanic("sync-vs-async", configure_logging=False)
    app.config.ACCESS_LOG = False
    app.config.KEEP_ALIVE_TIMEOUT = KEEPALIVE
    app.config.RESPONSE_TIMEOUT = app.config.REQUEST_TIMEOUT = settings.max_duration + DRAIN
    app.router.register_pattern("segment", str, r"(?:[^/%]|%(?!2[Ff]))*")
    for operation in OPERATIONS:
        path = operation.path.replace("{", "<").replace("}", ":segment>")
        app.add_route(handler_of(operation), path, operation.methods, strict_slashes=True, name=operation.name)
    app.exception(MethodNotAllowed, NotFound, IndexError)(refuse)  # the last one is what its router makes of //
    return app


def handler_of(operation: Operation) -> Callable[..., Coroutine[Any, Any, HTTPResponse | None]]:
    """The handler of one operation."""

    async def handler(request: Request, **_path: str) -> HTTPResponse | None:
        async def read() -> bytes:
            return request.body

        steps: Steps = request.app.ctx.steps[operation.name]
        reply = await steps(request.method, target(request), request.headers, read)
        return respond(reply) if isinstance(reply.body, bytes) else await stream(request, reply)

    return handler


async def refuse(request: Request, _error: Exception) -> HTTPResponse:
    """Refuse any other method on a known path, and any other path."""
    return respond(refused(NAME, request.method, target(request)))


def target(request: Request) -> str:
    """The request target as it was sent."""
    return request.raw_url.decode("utf-8", "surrogateescape")


def respond(reply: Reply) -> HTTPResponse:
    """The reply as Sanic's response."""
    return HTTPResponse(reply.body, reply.status, dict(reply.headers))


async def stream(request: Request, reply: Reply) -> HTTPResponse | None:
    """Send the reply piece by piece. A client that leaves cancels this."""
    async with aclosing(reply.body):  # type: ignore[type-var] # see Chunks
        if request.method == "HEAD":
            return respond(reply._replace(body=b""))
        response = await request.respond(respond(reply._replace(body=b"")))
        await response.send(b"", end_stream=False)  # the headers, before the first piece
        async for chunk in reply.body:  # type: ignore[union-attr] # this twin's are an async iterator
            await response.send(chunk, end_stream=False)
        await response.send(b"", end_stream=True)
        return None


def serving(settings: Settings) -> Serving:
    """What the worker serves."""

    @asynccontextmanager
    async def serve(sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        app = create_app(settings)
        async with open_steps(NAME, settings) as app.ctx.steps:
            (listener,) = sockets
            server = await app.create_server(sock=listener, return_asyncio_server=True)
            assert server is not None  # as asked for
            await server.startup()  # type: ignore[no-untyped-call] # Sanic types it not
            yield
            server.close()  # type: ignore[no-untyped-call] # as above
            while server.connections:
                for connection in server.connections:
                    connection.close_if_idle()
                await asyncio.sleep(LOOK_EVERY)

    return serve


load = serving
"""What the worker asks for."""
