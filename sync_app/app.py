"""Flask's room: the contract's routes, each of which parses, waits and replies."""

import atexit
import logging
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from time import perf_counter
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from contract.operation import Operation, options
from contract.operations import OPERATIONS
from contract.problems import Problem, internal_error, method_not_allowed, not_found
from contract.replies import Reply, served_by, server_timing
from contract.settings import Settings
from serving.metrics import Tally

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
        methods = [method for method in operation.methods if method != "OPTIONS"]
        app.add_url_rule(rule, operation.name, view, methods=methods, provide_automatic_options=False)
        app.add_url_rule(rule, f"options {operation.name}", options_of(operation), methods=["OPTIONS"])
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
    tally = Tally(operation.name)
    place = in_flight if operation.takes_a_place else nullcontext()

    def view(**_path: str) -> Response:
        began, waited = perf_counter(), None
        with ExitStack() as held:
            try:
                operation.admit(request.headers)
                body = request.get_data(cache=False) if operation.takes.from_body else b""
                asked = operation.parse(target(), request.headers, settings, body)
                answer = None
                if wait is not None:
                    held.enter_context(place)
                    started = perf_counter()
                    answer = wait(asked)  # holds a thread
                    waited = perf_counter() - started
                reply = operation.reply(asked, answer)
            except Problem as problem:
                reply = problem.reply()
            except Exception:
                log.exception("Exception on %s [%s]", request.path, request.method)
                reply = internal_error().reply()
            tally.count(reply.status, perf_counter() - began, waited)
            if isinstance(reply.body, bytes):
                return respond(reply, began, waited)
            return stream(reply, held.pop_all(), began, waited)

    return view


def options_of(operation: Operation) -> View:
    """The view function that says which methods the path of an operation answers."""

    def view(**_path: str) -> Response:
        return respond(options(operation.methods), perf_counter())

    return view


def refuse_method(error: MethodNotAllowed) -> Response:
    """Refuse any other method on a known path."""
    return respond(method_not_allowed(request.method, error.valid_methods or ()).reply(), perf_counter())


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
    return Response(reply.body, reply.status, headers)  # type: ignore[arg-type] # this twin's chunks are an iterator


def stream(reply: Reply, held: ExitStack, began: float, waited: float | None) -> Response:
    """A response that comes piece by piece. What it has `held` is let go when it ends, or its client leaves."""
    assert isinstance(reply.body, Iterator)
    held.callback(reply.body.close)  # type: ignore[attr-defined] # see Chunks
    connection = request.environ.get("gunicorn.socket")
    response = respond(reply._replace(body=while_there(connection, reply.body)), began, waited)
    response.call_on_close(held.close)
    return response


def while_there(connection: socket.socket | None, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, for as long as there is somebody to take them: a write alone would be one chunk late to tell."""
    for chunk in chunks:
        if connection is not None and has_left(connection):
            return
        yield chunk


def has_left(connection: socket.socket) -> bool:
    """Whether the client at the other end has closed it."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    try:
        return bool(poll.poll(0)) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
