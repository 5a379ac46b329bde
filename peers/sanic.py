"""The Sanic adapter: requests go to the steps of their operation, replies become responses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import BadURL, MethodNotAllowed, NotFound
from sanic.log import error_logger

from async_app.plumbing.steps import Steps, open_steps, refused
from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.replies import Reply
from contract.settings import Settings
from serving.headers import Headers
from serving.limits import DRAIN, KEEPALIVE
from serving.loop_worker import Serving
from serving.quiet import quiet

NAME = "peers.sanic"

LOOK_EVERY = 0.05
"""Seconds between two checks for requests in flight, when the server stops."""


class Asked(Request):
    """A request whose path is `/` if its target has none, as in http://host. Sanic would fail."""

    @property
    def path(self) -> str:
        """The path of the request."""
        return super().path if self._parsed_url.path else "/"


def create_app(settings: Settings) -> Sanic[Any, Any]:
    """Return the service as a Sanic application. The steps are added to its `ctx` before the first request."""
    app: Sanic[Any, Any] = Sanic("sync-vs-async", configure_logging=False, request_class=Asked)
    quiet(error_logger, BadURL)
    app.config.ACCESS_LOG = False
    app.config.KEEP_ALIVE_TIMEOUT = KEEPALIVE
    app.config.RESPONSE_TIMEOUT = app.config.REQUEST_TIMEOUT = settings.max_duration + DRAIN
    app.router.register_pattern("segment", str, r"(?:[^/%]|%(?!2[Ff]))*")
    for operation in OPERATIONS:
        path = operation.path.replace("{", "<").replace("}", ":segment>")
        app.add_route(handler_of(operation), path, operation.methods, strict_slashes=True, name=operation.name)
    app.exception(MethodNotAllowed, NotFound, IndexError)(refuse)  # its router raises IndexError for //
    return app


def handler_of(operation: Operation) -> Callable[..., Coroutine[Any, Any, HTTPResponse | None]]:
    """Return the handler of one operation."""

    async def handler(request: Request, **_path: str) -> HTTPResponse | None:
        async def read() -> bytes:
            return request.body

        steps: Steps = request.app.ctx.steps[operation.name]
        reply = await steps(
            request.method, target(request), Headers(request.headers.get, request.headers.get_all), read
        )
        return respond(reply) if isinstance(reply.body, bytes) else await stream(request, reply)

    return handler


async def refuse(request: Request, _error: Exception) -> HTTPResponse:
    """Refuse a request for an unknown path, or with a method that the path does not support."""
    return respond(refused(NAME, request.method, target(request)))


def target(request: Request) -> str:
    """Return the request target as it was sent."""
    return request.raw_url.decode("utf-8", "surrogateescape")


def respond(reply: Reply) -> HTTPResponse:
    """Return the reply as a Sanic response."""
    return HTTPResponse(reply.body, reply.status, dict(reply.headers))


async def stream(request: Request, reply: Reply) -> HTTPResponse | None:
    """Stream a reply piece by piece. Sanic cancels this coroutine if the client leaves."""
    async with aclosing(reply.body):  # type: ignore[type-var] # see Chunks
        if request.method == "HEAD":
            return respond(reply._replace(body=b""))
        response = await request.respond(respond(reply._replace(body=b"")))
        await response.send(b"", end_stream=False)  # sends the headers before the first piece
        async for chunk in reply.body:  # type: ignore[union-attr] # in async_app an async iterator
            await response.send(chunk, end_stream=False)
        await response.send(b"", end_stream=True)
        return None


def serving(settings: Settings) -> Serving:
    """Return the function that serves on the worker's sockets."""

    @asynccontextmanager
    async def serve(sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        app = create_app(settings)
        async with open_steps(NAME, settings) as app.ctx.steps:
            (listener,) = sockets
            server = await app.create_server(sock=listener, return_asyncio_server=True)
            assert server is not None  # due to return_asyncio_server
            await server.startup()  # type: ignore[no-untyped-call] # Sanic has no types for it
            yield
            server.close()  # type: ignore[no-untyped-call] # as above
            while server.connections:
                for connection in server.connections:
                    connection.close_if_idle()
                await asyncio.sleep(LOOK_EVERY)

    return serve


load = serving
"""The worker's entry point."""
