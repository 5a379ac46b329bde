"""gunicorn's worker class for servers that come without one of their own: an event loop, and the server on it."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import uvloop
from gunicorn.workers.base import Worker

Serving = Callable[[Sequence[socket.socket]], AbstractAsyncContextManager[None]]
"""What such a worker is given for an application: while its context is open it serves on these sockets. Leaving it
refuses new connections at once, then waits for the requests in flight."""

BEAT = 1.0
"""Seconds between two signs of life to gunicorn."""


class LoopWorker(Worker):  # type: ignore[misc] # gunicorn carries no types
    """One event loop in each process, on uvloop as all the others."""

    def init_signals(self) -> None:
        """Take gunicorn's own handlers away: the loop is told."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def run(self) -> None:
        """Serve until told to end."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(self.wsgi))

    async def _serve(self, serving: Serving) -> None:
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        beating = asyncio.create_task(self._beat(ended))
        async with serving([listener.sock for listener in self.sockets]):
            await ended.wait()
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating

    async def _beat(self, ended: asyncio.Event) -> None:
        """Give signs of life; end where gunicorn is no longer there to see them."""
        while os.getppid() == self.ppid:
            self.notify()
            await asyncio.sleep(BEAT)
        ended.set()
