"""What ASGI tells of a request's target, and what it wants of a body that comes piece by piece and of a lifetime."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

Asgi = Callable[[Any, Any, Any], Awaitable[None]]

BODIES = "sync_vs_async.bodies"
"""In a scope: the bodies that are to be closed."""


def target(scope: Mapping[str, Any]) -> str:
    """The target as far as it is handed over: path and query as they were sent, without a fragment, scheme or host."""
    path: str = scope["raw_path"].decode("utf-8", "surrogateescape")
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('utf-8', 'surrogateescape')}" if query else path


def body(scope: Mapping[str, Any], chunks: Any) -> AsyncIterator[bytes]:
    """The pieces of a body, which `closing` closes. Nobody takes those of a response to HEAD."""
    scope[BODIES].append(chunks)
    return _nothing() if scope["method"] == "HEAD" else chunks


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


def closing(app: Asgi) -> Asgi:
    """An application whose bodies are closed when a request ends, however far they came, even before they began."""

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
    """An application that knows no lifespan, with a context that is open as long as it lives."""

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
