"""Flask's room: the contract's routes, and what it hands to the steps of each."""

import atexit
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Request, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from contract.settings import Settings
from serving import wsgi

from .plumbing.responses import respond, stream
from .plumbing.steps import Steps, open_steps, refused


def create_app(settings: Settings) -> Flask:
    """The service as a WSGI application. What it shares between requests is closed when the process ends."""
    app = Flask("sync_app", static_folder=None)
    app.wsgi_app = plain_http(app.wsgi_app)  # type: ignore[assignment, method-assign] # Flask's way to wrap an application
    app.url_map.merge_slashes = False
    shared = ExitStack()
    atexit.register(shared.close)
    for name, steps in shared.enter_context(open_steps("sync_app", settings)).items():
        rule = steps.operation.path.replace("{", "<string(minlength=0):").replace("}", ">")
        methods = steps.operation.methods
        app.add_url_rule(rule, name, view_of(steps), methods=methods, provide_automatic_options=False)
    app.register_error_handler(MethodNotAllowed, refuse)
    app.register_error_handler(NotFound, refuse)
    return app


def plain_http(wsgi_app: WSGIApplication) -> WSGIApplication:
    """Take no upgrade that a client offers: for WebSockets Flask keeps routes of their own."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("HTTP_UPGRADE", None)
        return wsgi_app(environ, start_response)

    return application


def view_of(steps: Steps) -> Callable[..., Response]:
    """The view function of one operation."""

    def view(**_path: str) -> Response:
        sent: Request = request._get_current_object()  # type: ignore[attr-defined] # once: each use of a proxy looks it up
        reply = steps(sent.method, wsgi.target(sent.environ), wsgi.Headers(sent.environ), sent.get_data)
        return respond(reply) if isinstance(reply.body, bytes) else stream(sent, reply)

    return view


def refuse(_error: MethodNotAllowed | NotFound) -> Response:
    """Refuse any other method on a known path, and any other path."""
    return respond(refused("sync_app", request.method, wsgi.target(request.environ)))
