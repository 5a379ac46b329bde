"""gunicorn's worker classes for aiohttp, changed so that a signal that comes while they boot stops them."""

import signal

from aiohttp.worker import GunicornUVLoopWebWorker, GunicornWebWorker

from .gunicorn import STOPPING


class AsyncioWorker(GunicornWebWorker):
    """aiohttp's worker, on asyncio's own event loop."""

    def init_signals(self) -> None:
        """Leave the stopping signals at their defaults until the event loop runs.

        uvloop drops signals that come before, although it has handlers for them.
        """
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)

    async def _run(self) -> None:
        super().init_signals()
        await super()._run()


class UvloopWorker(AsyncioWorker, GunicornUVLoopWebWorker):
    """aiohttp's worker, on uvloop."""
