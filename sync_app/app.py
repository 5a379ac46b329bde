"""The Flask adapter: requests go to the steps of their operation."""

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
    """Return the service as a WSGI application. Resources that requests share are closed when the process ends."""
    app = Flask("sync_app", static_folder=None)
    app.wsgi_app = plain_http(app.wsgi_app)  # type: ignore[assignment, method-assign] # the way that Flask documents
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
    """Ignore the upgrades that clients offer, and complete a target without a path, such as http://host.

    Flask would match an upgrade against WebSocket routes only, and redirect a target without a path.
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("HTTP_UPGRADE", None)
        environ["PATH_INFO"] = environ["PATH_INFO"] or "/"
        return wsgi_app(environ, start_response)

    return application


def view_of(steps: Steps) -> Callable[..., Response]:
    """Return the view function of one operation."""

    def view(**_path: str) -> Response:
        sent: Request = request._get_current_object()  # type: ignore[attr-defined] # each use of the proxy is a lookup
        reply = steps(sent.method, wsgi.target(sent.environ), wsgi.Headers(sent.environ), sent.get_data)
        return respond(reply) if isinstance(reply.body, bytes) else stream(sent, reply)

    return view


def refuse(_error: MethodNotAllowed | NotFound) -> Response:
    """Refuse a request for an unknown path, or with a method that the path does not support."""
    return respond(refused("sync_app", request.method, wsgi.target(request.environ)))
