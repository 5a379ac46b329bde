"""The Tornado adapter: requests go to the steps of their operation, replies become responses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from time import perf_counter
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler

from async_app.plumbing.steps import Steps, measured, open_steps, refused
from contract.problems import bad_request, internal_error
from contract.replies import Reply
from contract.settings import Settings
from contract.targets import as_sent, origin_form
from serving.limits import KEEPALIVE
from serving.loop_worker import Serving

NAME = "peers.tornado"

SEGMENT = "(?:[^/%]|%(?!2[Ff]))*"
"""A regular expression for one segment of a path as it was sent, with neither / nor %2F."""

LOOK_EVERY = 0.05
"""Seconds between two checks for requests in flight, when the server stops."""


class Routes(Application):
    """A Tornado application that also finds the path in a proxy's target, http://host/path."""

    def find_handler(self, request: HTTPServerRequest, **named: Any) -> Any:
        """Return the handler of a request."""
        request.path = origin_form(request.path)
        return super().find_handler(request, **named)


class Handler(RequestHandler):
    """The base of all handlers."""

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.method or ""

    @property
    def target(self) -> str:
        """The request target as it was sent."""
        return as_sent(self.request.uri or "")

    def compute_etag(self) -> None:
        """Set no ETag: the contract has none."""

    def send(self, reply: Reply) -> None:
        """Start a response, and finish it unless its body is streamed."""
        self.set_status(reply.status)
        for name, value in reply.headers.items():
            self.set_header(name, value)
        if isinstance(reply.body, bytes):
            self.finish(reply.body or None)  # Tornado counts even b"" as a body, which a 204 must not have


class Nowhere(Handler):
    """The handler of unknown paths."""

    def prepare(self) -> None:
        """Refuse the request."""
        self.send(refused(NAME, self.method, self.target))


class Endpoint(Handler):
    """The handler of one operation."""

    def initialize(self, steps: Steps, in_flight: set["Endpoint"]) -> None:
        """Store the operation's steps, and the set of the handlers with a request in flight."""
        self.steps = steps
        self.in_flight = in_flight

    def prepare(self) -> None:
        """Add the request to those in flight."""
        self.in_flight.add(self)

    def on_finish(self) -> None:
        """Remove the request from those in flight."""
        self.in_flight.discard(self)

    async def get(self) -> None:
        """Answer the request. Tornado does not cancel this coroutine if the client leaves."""
        reply = await self.steps(self.method, self.target, self.request.headers, self.read)
        self.send(reply)
        if not isinstance(reply.body, bytes):
            with suppress(StreamClosedError):  # the client has left
                await self.stream(reply.body)  # type: ignore[arg-type] # in async_app an async iterator

    head = post = options = get

    async def read(self) -> bytes:
        """Return the body of the request, which Tornado has already read."""
        return self.request.body

    async def stream(self, chunks: AsyncIterator[bytes]) -> None:
        """Stream a body piece by piece, and close it even if the client leaves."""
        async with aclosing(chunks):  # type: ignore[type-var] # see Chunks
            await self.flush()  # sends the headers before the first piece
            if self.method != "HEAD":
                async for chunk in chunks:
                    self.write(chunk)
                    await self.flush()

    def write_error(self, status_code: int, **_named: Any) -> None:
        """Replace Tornado's error page with a refusal in the contract's format."""
        if status_code == 405:
            self.send(refused(NAME, self.method, self.target))
        else:
            problem = bad_request("The body cannot be read.") if status_code == 400 else internal_error()
            self.send(measured(NAME, problem.reply(), perf_counter()))


def create_app(steps: dict[str, Steps], in_flight: set[Endpoint]) -> Application:
    """Return the service as a Tornado application."""
    routes = []
    for each in steps.values():
        path, brace, _ = each.operation.path.partition("{")
        routes.append((path + SEGMENT if brace else path, Endpoint, {"steps": each, "in_flight": in_flight}))
    return Routes(routes, default_handler_class=Nowhere, log_function=lambda _handler: None)


def serving(settings: Settings) -> Serving:
    """Return the function that serves on the worker's sockets."""

    @asynccontextmanager
    async def serve(sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        async with open_steps(NAME, settings) as steps:
            in_flight: set[Endpoint] = set()
            server = HTTPServer(create_app(steps, in_flight), idle_connection_timeout=KEEPALIVE)
            server.add_sockets(sockets)
            yield
            server.stop()
            while in_flight:  # noqa: ASYNC110 - Tornado has no event for it, and closing would cut them off
                await asyncio.sleep(LOOK_EVERY)
            await server.close_all_connections()

    return serve


load = serving
"""The worker's entry point."""
