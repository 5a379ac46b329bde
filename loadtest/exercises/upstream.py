"""The upstream of a check: an HTTP service that holds each request until the check lets it go."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Upstream:
    """A service that answers each request with the last part of its path, once it is released.

    `most`: the requests that it takes at once, None for any number. It refuses further ones with 429.
    """

    def __init__(self, most: int | None = None) -> None:
        self.in_flight = 0
        self.peak = 0
        self.refused = 0
        self.seen = 0
        self._most = most
        self._gate = asyncio.Event()

    def release(self) -> None:
        """Answer all requests in flight, and later ones at once."""
        self._gate.set()

    def hold(self) -> None:
        """Hold later requests."""
        self._gate.clear()

    async def answer(self, request: web.Request) -> web.Response:
        """Hold a request, then answer it."""
        self.seen += 1
        if self._most is not None and self.in_flight >= self._most:
            self.refused += 1
            return web.Response(status=429, text=f"at most {self._most} requests at once")
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await self._gate.wait()
        finally:
            self.in_flight -= 1
        return web.Response(text=request.path.rpartition("/")[2])

    @asynccontextmanager
    async def served(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve on a listening socket until the context exits."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        try:
            await web.SockSite(runner, listener, backlog=1024).start()
            yield
        finally:
            self.release()
            await runner.cleanup()
