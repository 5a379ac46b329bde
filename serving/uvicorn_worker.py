"""gunicorn's worker class for ASGI applications: uvicorn, on the same event loop as the other non-blocking services."""

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
    }
