"""The framework's responses, made from replies."""

from flask import Request, Response

from contract.replies import Reply
from serving import wsgi


def respond(reply: Reply) -> Response:
    """Return the response to send for a reply whose body is bytes."""
    assert isinstance(reply.body, bytes)
    # a list: Flask then keeps the reply's Content-Length
    return Response([reply.body], reply.status, [*reply.headers.items()])


def stream(request: Request, reply: Reply) -> Response:
    """Return the response that streams a reply. The body is closed at its end, or when the client leaves."""
    return Response(wsgi.WhileThere(request.environ, reply.body), reply.status, [*reply.headers.items()])
