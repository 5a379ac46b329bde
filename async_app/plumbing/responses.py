"""What the framework makes of a reply."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import web

from contract.replies import Reply

log = logging.getLogger("async_app")


def respond(reply: Reply) -> web.Response:
    """The response whose body is there."""
    return web.Response(body=reply.body, status=reply.status, headers=reply.headers)


async def stream(request: web.Request, reply: Reply) -> web.StreamResponse:
    """The response whose body comes piece by piece. It is closed when it ends, or its client leaves."""
    assert isinstance(reply.body, AsyncIterator)
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    try:  # a client that leaves while a piece is waited for cancels this
        async with aclosing(reply.body):  # type: ignore[type-var] # see Chunks
            await response.prepare(request)
            if request.method != "HEAD":
                async for chunk in reply.body:
                    await response.write(chunk)
    except ConnectionError:
        pass  # it has left between two chunks
    except Exception:
        log.exception("Exception in the midst of %s [%s]", request.path, request.method)
        if request.transport is not None:
            request.transport.abort()  # what has been sent cannot be taken back, and must not look whole
    return response
