"""Django's room where views are coroutines: the contract's URLs, what the steps of each are given, and its replies."""

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
    """The service as an ASGI application. What it shares between requests is closed when the application ends."""
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
    """What a project has in its urls.py."""

    def __init__(self, steps: dict[str, Steps]) -> None:
        """One pattern for each operation; `steps` are there when requests are."""
        self.urlpatterns = [
            re_path(rf"^{pattern(each.path)}\Z", view_of(each.name, steps), name=each.name) for each in OPERATIONS
        ]
        self.handler404 = refuse


def pattern(path: str) -> str:
    """A path of the contract as a regular expression."""
    return path.removeprefix("/").replace("{", "(?P<").replace("}", ">[^/]*)")


def view_of(name: str, steps: dict[str, Steps]) -> Callable[..., Awaitable[HttpResponseBase]]:
    """The view of one operation."""

    async def view(request: ASGIRequest, **_path: str) -> HttpResponseBase:
        async def read() -> bytes:
            body: bytes = request.body  # which Django has read already
            return body

        return respond(request, await steps[name](request.method, asgi.target(request.scope), request.headers, read))

    return view


def refuse(request: ASGIRequest, exception: Exception) -> HttpResponseBase:  # noqa: ARG001 - Django names it
    """Refuse any other path."""
    return respond(request, refused(NAME, request.method, asgi.target(request.scope)))


def respond(request: ASGIRequest, reply: Reply) -> HttpResponseBase:
    """The reply as Django's response. A body in pieces is closed when the request ends, or its client leaves."""
    if not isinstance(reply.body, bytes):
        body = asgi.body(request.scope, reply.body)
        return StreamingHttpResponse(body, status=reply.status, headers=reply.headers)
    response = HttpResponse(reply.body, status=reply.status, headers=reply.headers)
    if "Content-Type" not in reply.headers:
        del response["Content-Type"]  # Django's own
    return response


load = create_app
"""What uvicorn's worker asks for."""
