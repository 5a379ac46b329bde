"""The Django adapter: requests go to the steps of their operation, replies become responses."""

import atexit
from collections.abc import Callable
from contextlib import ExitStack

import django
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import re_path

from contract.replies import Reply
from contract.settings import Settings
from serving import wsgi
from sync_app.plumbing.steps import Steps, open_steps, refused

NAME = "peers.django"


def create_app(settings: Settings) -> WSGIHandler:
    """Return the service as a WSGI application. Resources that requests share are closed when the process ends."""
    shared = ExitStack()
    atexit.register(shared.close)
    django_settings.configure(ROOT_URLCONF=Urls(shared.enter_context(open_steps(NAME, settings))))
    django.setup()
    return WSGIHandler()


class Urls:
    """The contents of a project's urls.py."""

    def __init__(self, steps: dict[str, Steps]) -> None:
        self.urlpatterns = [
            re_path(rf"^{pattern(each.operation.path)}\Z", view_of(each), name=name) for name, each in steps.items()
        ]
        self.handler404 = refuse


def pattern(path: str) -> str:
    """Return a path of the contract as a regular expression."""
    return path.removeprefix("/").replace("{", "(?P<").replace("}", ">[^/]*)")


def view_of(steps: Steps) -> Callable[..., HttpResponseBase]:
    """Return the view of one operation."""

    def view(request: HttpRequest, **_path: str) -> HttpResponseBase:
        target = wsgi.target(request.META)
        return respond(request, steps(request.method, target, request.headers, lambda: request.body))

    return view


def refuse(request: HttpRequest, exception: Exception) -> HttpResponseBase:  # noqa: ARG001 - Django passes it by this name
    """Refuse a request for an unknown path."""
    return respond(request, refused(NAME, request.method, wsgi.target(request.META)))


def respond(request: HttpRequest, reply: Reply) -> HttpResponseBase:
    """Return the reply as a Django response. A streamed body is closed at its end, or when the client leaves."""
    if not isinstance(reply.body, bytes):
        pieces = wsgi.WhileThere(request.META, reply.body)
        return StreamingHttpResponse(pieces, status=reply.status, headers=reply.headers)
    body = b"" if request.method == "HEAD" else reply.body
    response = HttpResponse(body, status=reply.status, headers=reply.headers)
    if "Content-Type" not in reply.headers:
        del response["Content-Type"]  # Django's default
    return response


load = create_app
"""The worker's entry point."""
