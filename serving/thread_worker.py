"""gunicorn's worker class for threads, which Ctrl-C stops whatever it is doing."""

from typing import Any

from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import ThreadWorker as Stock


class ThreadWorker(Stock):  # type: ignore[misc] # gunicorn carries no types
    """gunicorn's gthread worker, but for how it ends on SIGQUIT, which gunicorn makes of Ctrl-C."""

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Leave the thread pool to the interpreter, which closes it on exit.

        The stock handler shuts the pool down first. That takes the pool's lock, and the interrupted main thread may be
        handing the pool a request and hold it: the worker would then hang until it is killed.
        """
        Worker.handle_quit(self, sig, frame)
