"""aiohttp's room: the contract's routes, each of which parses, waits and replies."""

import logging
import os
from collections.abc import AsyncIterator, Mapping
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Handler

from contract.operation import METHODS, Operation, options
from contract.operations import OPERATIONS
from contract.problems import Problem, internal_error, method_not_allowed, not_found
from contract.replies import Reply, served_by, server_timing
from contract.settings import Settings

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
        app.router.add_get(path, handler_of(operation, in_flight, settings))
        app.router.add_route("OPTIONS", path, answer_options)
        app.router.add_route("*", path, refuse_method)
    app.router.add_route("*", "/{path:(?s:.*)}", refuse_path)  # a route: every request would pay for a middleware
    return app


def handler_of(operation: Operation, in_flight: InFlight, settings: Settings) -> Handler:
    """The handler of one operation."""

    async def handler(request: web.Request) -> web.Response:
        began, waited = perf_counter(), None
        try:
            asked = operation.parse(request.raw_path, request.headers, settings)
            answer = None
            wait = request.app[WAITS].get(operation.name)
            if wait is not None:
                with in_flight:
                    started = perf_counter()
                    answer = await wait(asked)  # holds a coroutine
                    waited = perf_counter() - started
            reply = operation.reply(asked, answer)
        except Problem as problem:
            reply = problem.reply()
        except Exception:
            log.exception("Exception on %s [%s]", request.path, request.method)
            reply = internal_error().reply()
        return respond(reply, began, waited)

    return handler


async def answer_options(_request: web.Request) -> web.Response:
    """Say which methods a known path answers."""
    return respond(options(), perf_counter())


async def refuse_method(request: web.Request) -> web.Response:
    """Refuse any other method on a known path."""
    return respond(method_not_allowed(request.method, METHODS).reply(), perf_counter())


async def refuse_path(request: web.Request) -> web.Response:
    """Refuse any other path."""
    return respond(not_found(request.raw_path).reply(), perf_counter())


def respond(reply: Reply, began: float, waited: float | None = None) -> web.Response:
    """The reply as aiohttp's response, with what was measured in its headers."""
    headers = {
        **reply.headers,
        "Content-Type": reply.content_type,
        "Served-By": served_by("async_app", os.getpid(), "loop"),
        "Server-Timing": server_timing(perf_counter() - began, waited),
    }
    return web.Response(body=reply.body, status=reply.status, headers=headers)
