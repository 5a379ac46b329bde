"""Helpers for ASGI applications: the request target, streamed bodies and the lifespan."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

Asgi = Callable[[Any, Any, Any], Awaitable[None]]

BODIES = "sync_vs_async.bodies"
"""The key of a scope that holds the bodies to close."""


def target(scope: Mapping[str, Any]) -> str:
    """Return the target that ASGI provides: path and query as they were sent, without fragment, scheme or host."""
    path: str = scope["raw_path"].decode("utf-8", "surrogateescape")
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('utf-8', 'surrogateescape')}" if query else path


def body(scope: Mapping[str, Any], chunks: Any) -> AsyncIterator[bytes]:
    """Return the pieces of a body, which `closing` will close. A response to HEAD gets no pieces."""
    scope[BODIES].append(chunks)
    return _nothing() if scope["method"] == "HEAD" else chunks


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


def closing(app: Asgi) -> Asgi:
    """Wrap `app` so that its bodies are closed when a request ends, even if they are unfinished or never started."""

    async def closing_app(scope: Any, receive: Any, send: Any) -> None:
        bodies: list[Any] = []
        scope[BODIES] = bodies
        try:
            await app(scope, receive, send)
        finally:
            for chunks in bodies:
                await chunks.aclose()

    return closing_app


def living(app: Asgi, opened: Callable[[], AbstractAsyncContextManager[None]]) -> Asgi:
    """Wrap an application that ignores the lifespan: the context of `opened` is open from startup to shutdown."""

    async def living_app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await receive()
        async with opened():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return living_app
