"""aiohttp's room: the contract's routes, each of which parses, waits and replies."""

import logging
import os
from collections.abc import AsyncIterator, Mapping
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Handler

from contract.operation import METHODS, Operation, options
from contract.operations import OPERATIONS
from contract.problems import Problem, internal_error, method_not_allowed, not_found, refused
from contract.replies import Reply, served_by, server_timing
from contract.settings import Settings

from .in_flight import InFlight
from .waits import Wait, open_waits

WAITS = web.AppKey("WAITS", Mapping[str, Wait])


def create_app(settings: Settings) -> web.Application:
    """The service as an aiohttp application. What it shares between requests is closed when the application ends."""
    app = web.Application(middlewares=[begin])

    async def shared(app: web.Application) -> AsyncIterator[None]:
        async with open_waits(settings) as waits:
            app[WAITS] = waits
            yield

    app.cleanup_ctx.append(shared)
    in_flight = InFlight(settings.max_in_flight)
    for operation in OPERATIONS:
        path = operation.path.replace("}", ":[^/]*}")
        handler = handler_of(operation, in_flight, settings)
        app.router.add_get(path, handler)
        app.router.add_route("OPTIONS", path, answer_options)
    return app


@web.middleware
async def begin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Start the clock of a request; answer what it raises."""
    request["began"] = perf_counter()
    try:
        return await handler(request)
    except Problem as problem:
        return refuse(request, problem)
    except web.HTTPException as error:
        return refuse_as_framework(request, error)
    except Exception:
        logging.getLogger("async_app").exception("Exception on %s [%s]", request.path, request.method)
        return refuse(request, internal_error())


def handler_of(operation: Operation, in_flight: InFlight, settings: Settings) -> Handler:
    """The handler of one operation."""

    async def handler(request: web.Request) -> web.Response:
        asked = operation.parse(request.raw_path, request.headers, settings)
        answer = None
        wait = request.app[WAITS].get(operation.name)
        if wait is not None:
            with in_flight:
                began = perf_counter()
                answer = await wait(asked)  # holds a coroutine
                request["waited"] = perf_counter() - began
        return respond(request, operation.reply(asked, answer))

    return handler


async def answer_options(request: web.Request) -> web.Response:
    """Say which methods a known path answers."""
    return respond(request, options())


def refuse(request: web.Request, problem: Problem) -> web.Response:
    """A refusal of the contract."""
    return respond(request, problem.reply())


def refuse_as_framework(request: web.Request, error: web.HTTPException) -> web.Response:
    """A refusal of aiohttp's, in the contract's words."""
    match error:
        case web.HTTPNotFound():
            return refuse(request, not_found(request.raw_path))
        case web.HTTPMethodNotAllowed():
            return refuse(request, method_not_allowed(request.method, METHODS))
        case _:
            return refuse(request, refused(error.status, error.reason))


def respond(request: web.Request, reply: Reply) -> web.Response:
    """The reply as aiohttp's response, with what was measured in its headers."""
    headers = {
        **reply.headers,
        "Content-Type": reply.content_type,
        "Served-By": served_by("async_app", os.getpid(), "loop"),
        "Server-Timing": server_timing(perf_counter() - request["began"], request.get("waited")),
    }
    return web.Response(body=reply.body, status=reply.status, headers=headers)
