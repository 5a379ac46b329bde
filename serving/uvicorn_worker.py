"""gunicorn's worker class for ASGI applications: uvicorn, on the same event loop as the other non-blocking services."""

import asyncio
import os
import signal
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker as Stock


class UvicornWorker(Stock):  # type: ignore[misc] # it carries no types
    """uvicorn on uvloop, with its fast parser, and without WebSockets: an upgrade that is offered is not taken."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "server_header": False,
        "timeout_notify": 1,  # seconds between two signs of life
    }

    def _install_sigquit_handler(self) -> None:
        """End on SIGQUIT, which gunicorn makes of Ctrl-C, as on SIGTERM: of the stock handler uvicorn hears nothing."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, signal.raise_signal, signal.SIGTERM)

    async def callback_notify(self) -> None:
        """Give a sign of life, and end where gunicorn is no longer there to see it."""
        self.notify()
        if os.getppid() != self.ppid:
            signal.raise_signal(signal.SIGTERM)
