"""FastAPI's room: the contract's routes, what it hands to the steps of each, and what it makes of their replies."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.convertors import StringConvertor, register_url_convertor

from async_app.plumbing.steps import Steps, open_steps, refused
from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.replies import Reply
from contract.settings import Settings
from serving import asgi
from serving.metrics import LEFT

NAME = "peers.fastapi"


class Segment(StringConvertor):
    """One segment of a path, which may be empty."""

    regex = "[^/]*"


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application. What it shares between requests is closed when the application ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with open_steps(NAME, settings) as steps:
            yield {"steps": steps}

    register_url_convertor("segment", Segment())
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    for operation in OPERATIONS:
        path = operation.path.replace("}", ":segment}")
        app.add_api_route(
            path, endpoint_of(operation), methods=[*operation.methods], name=operation.name, response_model=None
        )
    for status in (404, 405):
        app.add_exception_handler(status, refuse)
    return app


def endpoint_of(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of one operation."""

    async def endpoint(request: Request) -> Response:
        if "expect" in request.headers and not operation.takes.from_body:
            await anext(request.stream())  # uvicorn says 100 Continue to whoever asks for the body
        steps: Steps = request.state.steps[operation.name]
        reply = await steps(request.method, asgi.target(request.scope), request.headers, request.body)
        if not isinstance(reply.body, bytes) and await request.is_disconnected():  # what is sent now, nobody hears of
            await reply.body.aclose()  # type: ignore[union-attr] # see Chunks
            return Response(status_code=LEFT)
        return respond(request, reply)

    return endpoint


async def refuse(request: Request, _error: Exception) -> Response:
    """Refuse any other method on a known path, and any other path."""
    return respond(request, refused(NAME, request.method, asgi.target(request.scope)))


def respond(request: Request, reply: Reply) -> Response:
    """The reply as FastAPI's response. A body in pieces is closed when the request ends, or its client leaves."""
    if isinstance(reply.body, bytes):
        return Response(reply.body, reply.status, reply.headers)
    return StreamingResponse(asgi.body(request.scope, reply.body), reply.status, reply.headers)


def load(settings: Settings) -> Any:
    """What uvicorn's worker asks for."""
    return asgi.closing(create_app(settings))
