"""aiohttp's runner under gunicorn, with the same limits as every other server."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from contract.targets import origin_form

from .limits import BACKLOG, KEEPALIVE, MOST_HEADERS
from .quiet import quiet

Resolve = Callable[[web.Request], Coroutine[Any, Any, web.UrlMappingMatchInfo]]


class Site(web.SockSite):
    """A listening socket with the common backlog, instead of the 128 of aiohttp's worker."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named, backlog=BACKLOG)


AT_ONCE = 0.001
"""Seconds that stand for 0, which aiohttp takes for no limit."""


def runner(app: web.Application, drain: float) -> web.AppRunner:
    """Create the runner for aiohttp's worker. Requests in flight may take `drain` seconds to finish."""
    web.SockSite = Site  # type: ignore[misc] # the worker looks it up here
    quiet(server_logger, HttpProcessingError)
    app.router.resolve = always(app.router.resolve)  # type: ignore[assignment, method-assign] # no other can be given
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,  # the contract refuses compressed bodies
        handler_cancellation=True,  # a request frees its resources when its client disconnects
        keepalive_timeout=KEEPALIVE,
        max_headers=MOST_HEADERS,
        shutdown_timeout=drain or AT_ONCE,
    )


async def proceed(request: web.Request) -> web.Response | None:
    """Send 100 Continue to a client that waits for it, or refuse what else it expects (417). It may have left.

    aiohttp's own handler answers some expectations with a 500, and logs a traceback for clients that have left.
    """
    if request.version == HttpVersion11:
        if request.headers["Expect"].lower() != "100-continue":
            return web.Response(status=417)
        with suppress(ConnectionError):
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # the response itself has not begun
    return None


def always(resolve: Resolve) -> Resolve:
    """Wrap a router's `resolve` so that it finds a handler for targets that have no path as well.

    aiohttp's router does not look for those. http://host goes to the handler of `/`, any other (`*`, of CONNECT) to
    that of unknown paths.
    """

    async def resolve_always(request: web.Request) -> web.UrlMappingMatchInfo:
        found = await resolve(request)
        if found.http_exception is None:
            return found
        path = origin_form(request.raw_path.partition("?")[0])
        return await resolve(request.clone(rel_url=path if path == "/" else "/*"))

    return resolve_always
