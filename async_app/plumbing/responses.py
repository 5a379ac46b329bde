"""The framework's responses, made from replies."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import web

from contract.replies import Reply

log = logging.getLogger("async_app")


def respond(reply: Reply) -> web.Response:
    """Return the response to send for a reply whose body is bytes."""
    return web.Response(body=reply.body, status=reply.status, headers=reply.headers)


async def stream(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Return the response that streams a reply. The body is closed at its end, or when the client leaves."""
    assert isinstance(reply.body, AsyncIterator)
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    try:  # a client that leaves during a wait cancels this
        async with aclosing(reply.body):  # type: ignore[type-var] # see Chunks
            await response.prepare(request)
            if request.method != "HEAD":
                async for chunk in reply.body:
                    await response.write(chunk)
    except ConnectionError:
        pass  # the client has left between two chunks
    except Exception:
        log.exception("Exception while streaming %s [%s]", request.path, request.method)
        if request.transport is not None:
            request.transport.abort()  # the response is incomplete, and must not look complete
    return response
