"""The FastAPI adapter: requests go to the steps of their operation, replies become responses."""

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
from serving.headers import Headers
from serving.metrics import LEFT

NAME = "peers.fastapi"


class Segment(StringConvertor):
    """A segment of a path, which may be empty."""

    regex = "[^/]*"


def create_app(settings: Settings) -> FastAPI:
    """Return the service as an ASGI application. Resources that requests share are closed when it ends."""

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
    """Return the endpoint of one operation."""

    async def endpoint(request: Request) -> Response:
        if "expect" in request.headers and not operation.takes.from_body:
            await anext(request.stream())  # uvicorn sends 100 Continue when the body is read
        steps: Steps = request.state.steps[operation.name]
        headers = Headers(request.headers.get, request.headers.getlist)
        reply = await steps(request.method, asgi.target(request.scope), headers, request.body)
        if not isinstance(reply.body, bytes) and await request.is_disconnected():  # no response would arrive
            await reply.body.aclose()  # type: ignore[union-attr] # see Chunks
            return Response(status_code=LEFT)
        return respond(request, reply)

    return endpoint


async def refuse(request: Request, _error: Exception) -> Response:
    """Refuse a request for an unknown path, or with a method that the path does not support."""
    return respond(request, refused(NAME, request.method, asgi.target(request.scope)))


def respond(request: Request, reply: Reply) -> Response:
    """Return the reply as a FastAPI response. A streamed body is closed at its end, or when the client leaves."""
    if isinstance(reply.body, bytes):
        return Response(reply.body, reply.status, reply.headers)
    return StreamingResponse(asgi.body(request.scope, reply.body), reply.status, reply.headers)


def load(settings: Settings) -> Any:
    """Return the application that the worker serves."""
    return asgi.closing(create_app(settings))
