"""gunicorn's worker class for servers that have none of their own: an event loop that runs the server."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import uvloop
from gunicorn.workers.base import Worker

Serving = Callable[[Sequence[socket.socket]], AbstractAsyncContextManager[None]]
"""The application of a `LoopWorker`: it serves on the given sockets while its context is open. The exit of the context
refuses new connections at once, then waits for the requests in flight."""

BEAT = 1.0
"""Seconds between two heartbeats to gunicorn."""


class LoopWorker(Worker):  # type: ignore[misc] # gunicorn has no type hints
    """A worker with one event loop per process, on uvloop like the other non-blocking services."""

    def init_signals(self) -> None:
        """Remove gunicorn's signal handlers, because the event loop installs its own."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def run(self) -> None:
        """Serve until a signal stops the worker or gunicorn's master exits."""
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
        """Send heartbeats to gunicorn's master, and end the worker if the master has exited."""
        while os.getppid() == self.ppid:
            self.notify()
            await asyncio.sleep(BEAT)
        ended.set()
