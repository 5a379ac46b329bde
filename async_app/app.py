"""aiohttp's room: the contract's routes, each of which parses, waits and replies."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, nullcontext
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Handler

from contract.operation import Operation, options
from contract.operations import OPERATIONS
from contract.problems import Problem, internal_error, method_not_allowed, not_found
from contract.replies import Reply, served_by, server_timing
from contract.settings import Settings
from serving.metrics import LEFT, LoopTally

from .in_flight import InFlight
from .waits import Wait, open_waits

WAITS = web.AppKey("WAITS", Mapping[str, Wait])

log = logging.getLogger("async_app")


def create_app(settings: Settings) -> web.Application:
    """The service as an aiohttp application. What it shares between requests is closed when the application ends."""
    app = web.Application()

    async def shared(app: web.Application) -> AsyncIterator[None]:
        async with open_waits(settings) as waits:
            app[WAITS] = waits
            yield

    app.cleanup_ctx.append(shared)
    in_flight = InFlight(settings.max_in_flight)
    for operation in OPERATIONS:
        path = operation.path.replace("}", ":[^/%]*(?:%(?!2F)[^/%]*)*}")  # %2F names another path, as / does
        handler = handler_of(operation, in_flight, settings)
        for method in operation.methods:
            app.router.add_route(method, path, options_of(operation) if method == "OPTIONS" else handler)
        app.router.add_route("*", path, refusal_of(operation))
    app.router.add_route("*", "/{path:(?s:.*)}", refuse_path)  # a route: every request would pay for a middleware
    return app


def handler_of(operation: Operation, in_flight: InFlight, settings: Settings) -> Handler:
    """The handler of one operation."""
    tally = LoopTally(operation.name)
    place = in_flight if operation.takes_a_place else nullcontext()

    async def handler(request: web.Request) -> web.StreamResponse:
        began, waited, reply = perf_counter(), None, None
        try:
            operation.admit(request.headers)
            body = await request.read() if operation.takes.from_body else b""
            asked = operation.parse(request.raw_path, request.headers, settings, body)
            wait = request.app[WAITS].get(operation.name)
            if wait is None:
                reply = operation.reply(asked, None)
            else:
                with place:
                    started = perf_counter()
                    answer = await wait(asked)  # holds a coroutine
                    waited = perf_counter() - started
                    reply = operation.reply(asked, answer)
                    if not isinstance(reply.body, bytes):
                        tally.count(reply.status, perf_counter() - began, waited)
                        return await stream(request, reply, began, waited)
        except Problem as problem:
            reply = problem.reply()
        except Exception:
            log.exception("Exception on %s [%s]", request.path, request.method)
            reply = internal_error().reply()
        except asyncio.CancelledError:
            if reply is None:
                tally.count(LEFT, perf_counter() - began, waited)
            raise
        tally.count(reply.status, perf_counter() - began, waited)
        return respond(reply, began, waited)

    return handler


def options_of(operation: Operation) -> Handler:
    """The handler that says which methods the path of an operation answers."""

    async def handler(_request: web.Request) -> web.Response:
        return respond(options(operation.methods), perf_counter())

    return handler


def refusal_of(operation: Operation) -> Handler:
    """The handler that refuses any other method on the path of an operation."""

    async def handler(request: web.Request) -> web.Response:
        return respond(method_not_allowed(request.method, operation.methods).reply(), perf_counter())

    return handler


async def refuse_path(request: web.Request) -> web.Response:
    """Refuse any other path."""
    return respond(not_found(request.raw_path).reply(), perf_counter())


def respond(reply: Reply, began: float, waited: float | None = None) -> web.Response:
    """The reply as aiohttp's response, with what was measured in its headers."""
    return web.Response(body=reply.body, status=reply.status, headers=headers(reply, began, waited))


async def stream(request: web.Request, reply: Reply, began: float, waited: float | None) -> web.StreamResponse:
    """Send the reply piece by piece. A client that leaves cancels this."""
    assert isinstance(reply.body, AsyncIterator)
    response = web.StreamResponse(status=reply.status, headers=headers(reply, began, waited))
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


def headers(reply: Reply, began: float, waited: float | None) -> dict[str, str]:
    """The headers of a response, with what was measured."""
    found = {
        **reply.headers,
        "Content-Type": reply.content_type,
        "Served-By": served_by("async_app", os.getpid(), "loop"),
        "Server-Timing": server_timing(perf_counter() - began, waited),
    }
    if reply.status == 304:  # it says nothing of content (RFC 9110, section 15.4.5); Flask leaves it out by itself
        del found["Content-Type"]
    return found
