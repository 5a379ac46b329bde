"""The Pyramid adapter: requests go to the steps of their operation, replies become responses."""

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
    warnings.filterwarnings("ignore", "pkg_resources is deprecated")  # which Pyramid 2.1 still imports
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

NAME = "peers.pyramid"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def create_app(settings: Settings) -> Wsgi:
    """Return the service as a WSGI application. Resources that requests share are closed when the process ends."""
    shared = ExitStack()
    atexit.register(shared.close)
    with Configurator() as config:
        for name, steps in shared.enter_context(open_steps(NAME, settings)).items():
            config.add_route(name, steps.operation.path.replace("}", ":[^/]*}"))
            config.add_view(view_of(steps), route_name=name)
        config.add_notfound_view(refuse)
        return tolerant(config.make_wsgi_app())


def tolerant(app: Wsgi) -> Wsgi:
    """Replace invalid UTF-8 in paths, which Pyramid would refuse with a response of its own."""

    def tolerant_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        environ["PATH_INFO"] = path.encode().decode("latin-1")
        return app(environ, start_response)

    return tolerant_app


def view_of(steps: Steps) -> Callable[[Request], Response]:
    """Return the view of one operation."""

    def view(request: Request) -> Response:
        def read() -> bytes:
            body: bytes = request.body_file_raw.read()  # possibly incomplete, which the steps refuse
            return body

        return respond(request, steps(request.method, wsgi.target(request.environ), request.headers, read))

    return view


def refuse(request: Request) -> Response:
    """Refuse a request for an unknown path."""
    return respond(request, refused(NAME, request.method, wsgi.target(request.environ)))


def respond(request: Request, reply: Reply) -> Response:
    """Return the reply as a Pyramid response. A streamed body is closed at its end, or when the client leaves."""
    body = [reply.body] if isinstance(reply.body, bytes) else wsgi.WhileThere(request.environ, reply.body)
    return Response(status=reply.status, headerlist=[*reply.headers.items()], app_iter=body)


load = create_app
"""The worker's entry point."""
