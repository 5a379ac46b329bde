"""Tornado's room: the contract's routes, what it hands to the steps of each, and what it makes of their replies."""

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
"""One segment of a path as it was sent: %2F names another path, as / does."""

LOOK_EVERY = 0.05
"""Seconds between two looks at whether all requests in flight have been answered."""


class Routes(Application):
    """Tornado's application, which finds the path in a proxy's http://host/path as well."""

    def find_handler(self, request: HTTPServerRequest, **named: Any) -> Any:
        """The handler of a request."""
        request.path = origin_form(request.path)
        return super().find_handler(request, **named)


class Handler(RequestHandler):
    """The handler of any path."""

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.method or ""

    @property
    def target(self) -> str:
        """The request target as it was sent."""
        return as_sent(self.request.uri or "")

    def compute_etag(self) -> None:
        """No ETag: the contract knows none."""

    def send(self, reply: Reply) -> None:
        """Begin a response; its body too, unless that comes piece by piece."""
        self.set_status(reply.status)
        for name, value in reply.headers.items():
            self.set_header(name, value)
        if isinstance(reply.body, bytes):
            self.finish(reply.body or None)  # with nothing to say, nothing must be said


class Nowhere(Handler):
    """The handler of what no operation is at."""

    def prepare(self) -> None:
        """Refuse it."""
        self.send(refused(NAME, self.method, self.target))


class Endpoint(Handler):
    """The handler of one operation."""

    def initialize(self, steps: Steps, in_flight: set["Endpoint"]) -> None:
        """Take the operation's steps, and where those are noted that have a request."""
        self.steps = steps
        self.in_flight = in_flight

    def prepare(self) -> None:
        """Begin."""
        self.in_flight.add(self)

    def on_finish(self) -> None:
        """End."""
        self.in_flight.discard(self)

    async def get(self) -> None:
        """Answer. Tornado lets the handler of a client that leaves go on."""
        reply = await self.steps(self.method, self.target, self.request.headers, self.read)
        self.send(reply)
        if not isinstance(reply.body, bytes):
            with suppress(StreamClosedError):  # the client has left
                await self.stream(reply.body)  # type: ignore[arg-type] # this twin's are an async iterator

    head = post = options = get

    async def read(self) -> bytes:
        """The body of the request, which Tornado has read already."""
        return self.request.body

    async def stream(self, chunks: AsyncIterator[bytes]) -> None:
        """Send a body piece by piece, and close it however far it came."""
        async with aclosing(chunks):  # type: ignore[type-var] # see Chunks
            await self.flush()  # the headers, before the first piece
            if self.method != "HEAD":
                async for chunk in chunks:
                    self.write(chunk)
                    await self.flush()

    def write_error(self, status_code: int, **_named: Any) -> None:
        """Refuse what Tornado has refused."""
        if status_code == 405:
            self.send(refused(NAME, self.method, self.target))
        else:
            problem = bad_request("The body cannot be read.") if status_code == 400 else internal_error()
            self.send(measured(NAME, problem.reply(), perf_counter()))


def create_app(steps: dict[str, Steps], in_flight: set[Endpoint]) -> Application:
    """The service as a Tornado application."""
    routes = []
    for each in steps.values():
        path, brace, _ = each.operation.path.partition("{")
        routes.append((path + SEGMENT if brace else path, Endpoint, {"steps": each, "in_flight": in_flight}))
    return Routes(routes, default_handler_class=Nowhere, log_function=lambda _handler: None)


def serving(settings: Settings) -> Serving:
    """What the worker serves."""

    @asynccontextmanager
    async def serve(sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        async with open_steps(NAME, settings) as steps:
            in_flight: set[Endpoint] = set()
            server = HTTPServer(create_app(steps, in_flight), idle_connection_timeout=KEEPALIVE)
            server.add_sockets(sockets)
            yield
            server.stop()
            while in_flight:  # noqa: ASYNC110 - Tornado has nothing to wait on, and would close their connections
                await asyncio.sleep(LOOK_EVERY)
            await server.close_all_connections()

    return serve


load = serving
"""What the worker asks for."""
