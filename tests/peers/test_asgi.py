import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from serving import asgi


class Pieces:
    """A body that records whether it has been closed."""

    closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return b"x"

    async def aclose(self) -> None:
        self.closed = True


async def nothing() -> None:
    """Do nothing: the stand-in for an application's receive and send."""


async def called(app: Any, method: str = "GET") -> None:
    await asgi.closing(app)({"type": "http", "method": method}, nothing, nothing)


async def test_a_body_that_nobody_began_is_closed() -> None:
    pieces = Pieces()

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        asgi.body(scope, pieces)

    await called(app)
    assert pieces.closed


async def test_a_body_is_closed_where_the_application_fails() -> None:
    pieces = Pieces()

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        await anext(aiter(asgi.body(scope, pieces)))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await called(app)
    assert pieces.closed


async def test_a_body_is_closed_where_the_client_has_left() -> None:
    pieces = Pieces()

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        asgi.body(scope, pieces)
        await asyncio.sleep(10)

    task = asyncio.create_task(called(app))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pieces.closed


async def test_of_a_response_to_head_nothing_is_sent() -> None:
    pieces, sent = Pieces(), []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        sent.extend([piece async for piece in asgi.body(scope, pieces)])

    await called(app, "HEAD")
    assert sent == []
    assert pieces.closed
