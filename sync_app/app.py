"""Flask's room: the contract's routes, what it hands to the steps of each, and what it makes of their replies."""

import atexit
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from contract.replies import Reply
from contract.settings import Settings
from serving import wsgi

from .steps import Steps, open_steps, refused

View = Callable[..., Response]


def create_app(settings: Settings) -> Flask:
    """The service as a WSGI application. What it shares between requests is closed when the process ends."""
    app = PlainHttp("sync_app", static_folder=None)
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


class PlainHttp(Flask):
    """Flask without WebSockets, for which it keeps routes of their own: an upgrade that is offered is not taken."""

    def request_context(self, environ: dict[str, Any]) -> Any:
        """The context of a request, in which Flask finds its route."""
        environ.pop("HTTP_UPGRADE", None)
        return super().request_context(environ)


def view_of(steps: Steps) -> View:
    """The view function of one operation."""

    def view(**_path: str) -> Response:
        sent: Request = request._get_current_object()  # type: ignore[attr-defined] # once: each use of a proxy looks it up
        return respond(steps(sent.method, wsgi.target(sent.environ), wsgi.Headers(sent.environ), sent.get_data))

    return view


def refuse(_error: MethodNotAllowed | NotFound) -> Response:
    """Refuse any other method on a known path, and any other path."""
    return respond(refused("sync_app", request.method, wsgi.target(request.environ)))


def respond(reply: Reply) -> Response:
    """The reply as Flask's response. A body in pieces is closed when it ends, or its client leaves."""
    # a list, whose length Flask leaves as the reply tells it
    body = [reply.body] if isinstance(reply.body, bytes) else wsgi.WhileThere(request.environ, reply.body)
    return Response(body, reply.status, [*reply.headers.items()])
