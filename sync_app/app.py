"""Flask's room: the contract's routes, each of which parses, waits and replies."""

import atexit
import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from contract.operation import METHODS, Operation, options
from contract.operations import OPERATIONS
from contract.problems import Problem, internal_error, method_not_allowed, not_found
from contract.replies import Reply, served_by, server_timing
from contract.settings import Settings

from .in_flight import InFlight
from .waits import Wait, open_waits

View = Callable[..., Response]

log = logging.getLogger("sync_app")


def create_app(settings: Settings) -> Flask:
    """The service as a WSGI application. What it shares between requests is closed when the process ends."""
    app = PlainHttp("sync_app", static_folder=None)
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
    app.register_error_handler(MethodNotAllowed, refuse_method)
    app.register_error_handler(NotFound, refuse_path)
    return app


class PlainHttp(Flask):
    """Flask without WebSockets, for which it keeps routes of their own: an upgrade that is offered is not taken."""

    def request_context(self, environ: dict[str, Any]) -> Any:
        """The context of a request, in which Flask finds its route."""
        environ.pop("HTTP_UPGRADE", None)
        return super().request_context(environ)


def view_of(operation: Operation, wait: Wait | None, in_flight: InFlight, settings: Settings) -> View:
    """The view function of one operation."""

    def view(**_path: str) -> Response:
        began, waited = perf_counter(), None
        try:
            asked = operation.parse(target(), request.headers, settings)
            answer = None
            if wait is not None:
                with in_flight:
                    started = perf_counter()
                    answer = wait(asked)  # holds a thread
                    waited = perf_counter() - started
            reply = operation.reply(asked, answer)
        except Problem as problem:
            reply = problem.reply()
        except Exception:
            log.exception("Exception on %s [%s]", request.path, request.method)
            reply = internal_error().reply()
        return respond(reply, began, waited)

    return view


def answer_options(**_path: str) -> Response:
    """Say which methods a known path answers."""
    return respond(options(), perf_counter())


def refuse_method(_error: MethodNotAllowed) -> Response:
    """Refuse any other method on a known path."""
    return respond(method_not_allowed(request.method, METHODS).reply(), perf_counter())


def refuse_path(_error: NotFound) -> Response:
    """Refuse any other path."""
    return respond(not_found(target()).reply(), perf_counter())


def target() -> str:
    """The request target as it was sent. WSGI hands its bytes over as Latin-1 (PEP 3333)."""
    raw: str = request.environ["RAW_URI"]
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


def respond(reply: Reply, began: float, waited: float | None = None) -> Response:
    """The reply as Flask's response, with what was measured in its headers."""
    headers = {
        **reply.headers,
        "Content-Type": reply.content_type,
        "Served-By": served_by("sync_app", os.getpid(), threading.current_thread().name),
        "Server-Timing": server_timing(perf_counter() - began, waited),
    }
    return Response(reply.body, reply.status, headers)
