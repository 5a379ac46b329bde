"""What the framework makes of a reply."""

from flask import Request, Response

from contract.replies import Reply
from serving import wsgi


def respond(reply: Reply) -> Response:
    """The response whose body is there."""
    assert isinstance(reply.body, bytes)
    # a list: Flask leaves its length to the reply
    return Response([reply.body], reply.status, [*reply.headers.items()])


def stream(request: Request, reply: Reply) -> Response:
    """The response whose body comes piece by piece. It is closed when it ends, or its client leaves."""
    return Response(wsgi.WhileThere(request.environ, reply.body), reply.status, [*reply.headers.items()])
