"""What ASGI tells of a request's target, and what it wants of a body that comes piece by piece and of a lifetime."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def target(scope: Mapping[str, Any]) -> str:
    """The target as far as it is handed over: path and query as they were sent, without a fragment, scheme or host."""
    path: str = scope["raw_path"].decode("utf-8", "surrogateescape")
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('utf-8', 'surrogateescape')}" if query else path


async def body(scope: Mapping[str, Any], chunks: Any) -> AsyncIterator[bytes]:
    """The pieces of a body, which is closed however far it came. Nobody takes those of a response to HEAD."""
    async with aclosing(chunks):
        if scope["method"] != "HEAD":
            async for chunk in chunks:
                yield chunk


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
