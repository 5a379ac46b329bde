"""The adapter for Flask with async views: that of sync_app, with `async` before each view that supports it.

Flask starts an event loop for each request and ends it when the view returns; the worker does nothing else meanwhile.
Requests therefore share nothing that belongs to a loop: each one opens the connections that it needs, and closes them.
"""

import atexit
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from async_app.database import query
from async_app.people import People
from async_app.plumbing.database import open_database
from async_app.plumbing.steps import Steps
from async_app.plumbing.waits import Wait, open_waits
from contract.settings import Settings
from serving import wsgi
from serving.metrics import write_late
from sync_app.app import plain_http, view_of
from sync_app.plumbing.responses import respond
from sync_app.plumbing.steps import Steps as BlockingSteps
from sync_app.plumbing.steps import open_steps, refused

NAME = "peers.flask_async"

BLOCKING = ("ask", "drip", "sse")
"""Operations that sync_app's functions serve, because their bodies are sent after the view's event loop has ended."""


def create_app(settings: Settings) -> Flask:
    """Return the service as a WSGI application. Resources that requests share are closed when the process ends."""
    app = Flask("flask_async", static_folder=None)
    app.wsgi_app = plain_http(app.wsgi_app)  # type: ignore[assignment, method-assign] # see sync_app
    app.url_map.merge_slashes = False
    shared = ExitStack()
    atexit.register(shared.close)
    for name, steps in shared.enter_context(open_steps(NAME, settings)).items():
        rule = steps.operation.path.replace("{", "<string(minlength=0):").replace("}", ">")
        view: Any = view_of(steps) if name in BLOCKING else async_view_of(steps, settings)
        app.add_url_rule(rule, name, view, methods=steps.operation.methods, provide_automatic_options=False)
    app.register_error_handler(MethodNotAllowed, refuse)
    app.register_error_handler(NotFound, refuse)
    return app


def async_view_of(blocking: BlockingSteps, settings: Settings) -> Callable[..., Awaitable[Response]]:
    """Return the async view function of an operation, whose waits hold places of the blocking steps."""
    operation = blocking.operation
    wait = wait_of(operation.name, settings) if blocking.wait else None
    steps = Steps(NAME, operation, wait, blocking.place, settings)

    async def read() -> bytes:
        return request.get_data()

    async def view(**_path: str) -> Response:
        reply = await steps(request.method, wsgi.target(request.environ), request.headers, read)
        write_late()  # now, because the loop ends with this view
        return respond(reply)

    return view


def wait_of(name: str, settings: Settings) -> Wait:
    """Return the waiting function of an operation, which opens its own connections for each request."""

    async def wait(asked: Any) -> Any:
        async with opened(name, settings) as found:
            return await found(asked)

    return wait


@asynccontextmanager
async def opened(name: str, settings: Settings) -> AsyncIterator[Wait]:
    """Open only the connections that an operation needs until the context exits, and yield its waiting function."""
    if name in ("query", "answer"):  # neither needs a listener
        async with open_database(settings) as database:
            yield partial(query, database=database) if name == "query" else People(database).answer
        return
    upstream = settings.upstream_url if name == "fetch" else None
    own = settings.model_copy(update={"database_url": None, "upstream_url": upstream})
    async with open_waits(own) as waits:
        yield waits[name]


def refuse(_error: MethodNotAllowed | NotFound) -> Response:
    """Refuse a request for an unknown path, or with a method that the path does not support."""
    return respond(refused(NAME, request.method, wsgi.target(request.environ)))


load = create_app
"""The worker's entry point."""
