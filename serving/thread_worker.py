"""gunicorn's worker class for threads, changed so that Ctrl-C always stops it."""

from typing import Any

from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import ThreadWorker as Stock


class ThreadWorker(Stock):  # type: ignore[misc] # gunicorn has no type hints
    """gunicorn's gthread worker with another handler for SIGQUIT, the signal that gunicorn sends on Ctrl-C."""

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Stop the worker without shutting its thread pool down; the interpreter does so on exit.

        The stock handler shuts the pool down first and takes the pool's lock for it. The interrupted main thread may
        hold that lock while it submits a request. The worker would then hang until it is killed.
        """
        Worker.handle_quit(self, sig, frame)
