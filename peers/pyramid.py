"""Pyramid's room: the contract's routes, what it hands to the steps of each, and what it makes of their replies."""

import atexit
import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from contract.replies import Reply
from contract.settings import Settings
from serving import wsgi
from sync_app.plumbing.steps import Steps, open_steps, refused

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "pkg_resources is deprecated")  # which Pyramid 2.1 still asks for
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

NAME = "peers.pyramid"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def create_app(settings: Settings) -> Wsgi:
    """The service as a WSGI application. What it shares between requests is closed when the process ends."""
    shared = ExitStack()
    atexit.register(shared.close)
    with Configurator() as config:
        for name, steps in shared.enter_context(open_steps(NAME, settings)).items():
            config.add_route(name, steps.operation.path.replace("}", ":[^/]*}"))
            config.add_view(view_of(steps), route_name=name)
        config.add_notfound_view(refuse)
        return tolerant(config.make_wsgi_app())


def tolerant(app: Wsgi) -> Wsgi:
    """The application, which would refuse a path that is no UTF-8 in words of its own."""

    def tolerant_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        environ["PATH_INFO"] = path.encode().decode("latin-1")
        return app(environ, start_response)

    return tolerant_app


def view_of(steps: Steps) -> Callable[[Request], Response]:
    """The view of one operation."""

    def view(request: Request) -> Response:
        def read() -> bytes:
            body: bytes = request.body_file_raw.read()  # as far as it came: what is missing, the steps refuse
            return body

        return respond(request, steps(request.method, wsgi.target(request.environ), request.headers, read))

    return view


def refuse(request: Request) -> Response:
    """Refuse any other path."""
    return respond(request, refused(NAME, request.method, wsgi.target(request.environ)))


def respond(request: Request, reply: Reply) -> Response:
    """The reply as Pyramid's response. A body in pieces is closed when it ends, or its client leaves."""
    body = [reply.body] if isinstance(reply.body, bytes) else wsgi.WhileThere(request.environ, reply.body)
    return Response(status=reply.status, headerlist=[*reply.headers.items()], app_iter=body)


load = create_app
"""What gunicorn asks for, in the worker."""
