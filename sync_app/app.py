"""Flask's room: the contract's routes, each of which parses, waits and replies."""

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound

from contract.operation import METHODS, Operation, options
from contract.operations import OPERATIONS
from contract.problems import Problem, internal_error, method_not_allowed, not_found, refused
from contract.replies import Reply, served_by, server_timing
from contract.settings import Settings

from .in_flight import InFlight
from .waits import Wait, open_waits

View = Callable[..., Response]


def create_app(settings: Settings) -> Flask:
    """The service as a WSGI application. What it shares between requests is closed when the process ends."""
    app = Flask("sync_app", static_folder=None)
    app.url_map.merge_slashes = False
    shared = ExitStack()
    atexit.register(shared.close)
    waits = shared.enter_context(open_waits(settings))
    in_flight = InFlight(settings.max_in_flight)
    for operation in OPERATIONS:
        rule = operation.path.replace("{", "<string(minlength=0):").replace("}", ">")
        view = view_of(operation, waits.get(operation.name), in_flight, settings)
        app.add_url_rule(rule, operation.name, view, methods=["GET", "HEAD"], provide_automatic_options=False)
        app.add_url_rule(rule, "options", answer_options, methods=["OPTIONS"])
    app.before_request(begin)
    app.register_error_handler(Problem, refuse)
    app.register_error_handler(HTTPException, refuse_as_framework)
    return app


def begin() -> None:
    """Start the clock of a request."""
    g.began = perf_counter()


def view_of(operation: Operation, wait: Wait | None, in_flight: InFlight, settings: Settings) -> View:
    """The view function of one operation."""

    def view(**_path: str) -> Response:
        asked = operation.parse(target(), request.headers, settings)
        answer = None
        if wait is not None:
            with in_flight:
                began = perf_counter()
                answer = wait(asked)  # holds a thread
                g.waited = perf_counter() - began
        return respond(operation.reply(asked, answer))

    return view


def answer_options(**_path: str) -> Response:
    """Say which methods a known path answers."""
    return respond(options())


def target() -> str:
    """The request target as it was sent. WSGI hands its bytes over as Latin-1 (PEP 3333)."""
    raw: str = request.environ["RAW_URI"]
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


def refuse(problem: Problem) -> Response:
    """A refusal of the contract."""
    return respond(problem.reply())


def refuse_as_framework(error: HTTPException) -> Response:
    """A refusal of Flask's, in the contract's words. Flask has logged the traceback of a failure."""
    match error:
        case NotFound():
            return refuse(not_found(target()))
        case MethodNotAllowed():
            return refuse(method_not_allowed(request.method, METHODS))
        case InternalServerError():
            return refuse(internal_error())
        case _:
            return refuse(refused(error.code or 500, error.name))


def respond(reply: Reply) -> Response:
    """The reply as Flask's response, with what was measured in its headers."""
    response = Response(reply.body, reply.status, reply.headers, content_type=reply.content_type)
    response.headers["Served-By"] = served_by("sync_app", os.getpid(), threading.current_thread().name)
    response.headers["Server-Timing"] = server_timing(perf_counter() - g.began, g.get("waited"))
    return response
