"""The adapter for Django with async views: requests go to the steps of their operation, replies become responses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import django
from django.conf import settings as django_settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import re_path

from async_app.plumbing.steps import Steps, open_steps, refused
from contract.operations import OPERATIONS
from contract.replies import Reply
from contract.settings import Settings
from serving import asgi

NAME = "peers.django_async"


def create_app(settings: Settings) -> asgi.Asgi:
    """Return the service as an ASGI application. Resources that requests share are closed when it ends."""
    steps: dict[str, Steps] = {}

    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        async with open_steps(NAME, settings) as found:
            steps.update(found)
            yield

    django_settings.configure(ROOT_URLCONF=Urls(steps))
    django.setup()
    return asgi.living(asgi.closing(ASGIHandler()), opened)


class Urls:
    """The contents of a project's urls.py: a pattern for each operation. `steps` is filled before the first request."""

    def __init__(self, steps: dict[str, Steps]) -> None:
        self.urlpatterns = [
            re_path(rf"^{pattern(each.path)}\Z", view_of(each.name, steps), name=each.name) for each in OPERATIONS
        ]
        self.handler404 = refuse


def pattern(path: str) -> str:
    """Return a path of the contract as a regular expression."""
    return path.removeprefix("/").replace("{", "(?P<").replace("}", ">[^/]*)")


def view_of(name: str, steps: dict[str, Steps]) -> Callable[..., Awaitable[HttpResponseBase]]:
    """Return the view of one operation."""

    async def view(request: ASGIRequest, **_path: str) -> HttpResponseBase:
        async def read() -> bytes:
            body: bytes = request.body  # which Django has already read
            return body

        return respond(request, await steps[name](request.method, asgi.target(request.scope), request.headers, read))

    return view


def refuse(request: ASGIRequest, exception: Exception) -> HttpResponseBase:  # noqa: ARG001 - Django passes it by this name
    """Refuse a request for an unknown path."""
    return respond(request, refused(NAME, request.method, asgi.target(request.scope)))


def respond(request: ASGIRequest, reply: Reply) -> HttpResponseBase:
    """Return the reply as a Django response. A streamed body is closed at its end, or when the client leaves."""
    if not isinstance(reply.body, bytes):
        body = asgi.body(request.scope, reply.body)
        return StreamingHttpResponse(body, status=reply.status, headers=reply.headers)
    response = HttpResponse(reply.body, status=reply.status, headers=reply.headers)
    if "Content-Type" not in reply.headers:
        del response["Content-Type"]  # Django's default
    return response


load = create_app
"""The worker's entry point."""
