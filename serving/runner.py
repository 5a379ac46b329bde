"""aiohttp's runner under gunicorn, with the same limits as every other server."""

from typing import Any

from aiohttp import web

from .limits import BACKLOG, KEEPALIVE


class Site(web.SockSite):
    """A listening socket whose backlog is ours: aiohttp's worker would take its own default of 128."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named, backlog=BACKLOG)


def runner(app: web.Application, drain: float) -> web.AppRunner:
    """What aiohttp's worker asks for; `drain`: seconds that requests in flight may take to finish."""
    web.SockSite = Site  # type: ignore[misc] # the worker's own way to it
    return web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,  # a client that leaves frees what its request held
        keepalive_timeout=KEEPALIVE,
        shutdown_timeout=drain,
    )
