"""gunicorn's worker class for ASGI applications: uvicorn, on the same event loop as the other non-blocking services."""

import asyncio
import os
import signal
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker as Stock


class UvicornWorker(Stock):  # type: ignore[misc] # it has no type hints
    """uvicorn on uvloop, with its fast parser and without WebSockets: offered upgrades are ignored."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "server_header": False,
        "timeout_notify": 1,  # seconds between two heartbeats
    }

    def _install_sigquit_handler(self) -> None:
        """Treat SIGQUIT, which gunicorn sends on Ctrl-C, as SIGTERM. The stock handler would not stop uvicorn."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, signal.raise_signal, signal.SIGTERM)

    async def callback_notify(self) -> None:
        """Send a heartbeat to gunicorn's master, and end the worker if the master has exited."""
        self.notify()
        if os.getppid() != self.ppid:
            signal.raise_signal(signal.SIGTERM)
