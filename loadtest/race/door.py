"""The servers at the addresses of the room, beside Locust's own at 127.0.0.1, whose connections they cannot use up.

Locust's server, gevent's, waits for ever for the rest of a request and for a client that does not read.
"""

from collections.abc import Sequence
from typing import Any

from gevent import GreenletExit, Timeout
from gevent.pool import Pool
from gevent.pywsgi import Input, WSGIHandler, WSGIServer

REQUEST_WITHIN = 10.0
"""Seconds in which a request must be complete, from the end of the one before on the same connection."""

READS_WITHIN = 10.0
"""Seconds that a client may leave what is sent to it unread."""

MOST_CONNECTIONS = 300
"""The most connections at each address; a browser opens up to six. Further ones wait."""


class TooSlow(GreenletExit):
    """The end of a connection whose client is slow; gevent logs nothing of it."""


class Handler(WSGIHandler):
    """A connection that ends if its client is slow, and after a request that has a body."""

    ignored_socket_errors = (*WSGIHandler.ignored_socket_errors, "timed out")  # type: ignore[arg-type] # a timeout has no number

    def __init__(self, sock: Any, *others: Any) -> None:
        sock.settimeout(READS_WITHIN)
        super().__init__(sock, *others)
        self._patience = Timeout(REQUEST_WITHIN, TooSlow)

    def handle_one_request(self) -> Any:
        """Serve a request, and end the connection if it is not complete in time."""
        self._patience = Timeout.start_new(REQUEST_WITHIN, TooSlow)
        try:
            return super().handle_one_request()
        finally:
            self._patience.close()

    def get_environ(self) -> Any:
        """Return the WSGI environment. What the app leaves of a body is not read, however long it is."""
        environ = super().get_environ()
        if self.content_length or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.wsgi_input = Input(self.rfile, 0)  # the app has the other one, in the environment
        return environ

    def start_response(self, *given: Any) -> Any:
        """Begin the answer, which may take any time."""
        self._patience.close()
        return super().start_response(*given)


def open_door(app: Any, addresses: Sequence[str], port: int) -> list[WSGIServer]:
    """Serve the web app at the addresses of a room as well.

    Raises:
        OSError: if the port is taken.

    """
    doors = [
        WSGIServer((address, port), app, log=None, error_log=None, spawn=Pool(MOST_CONNECTIONS), handler_class=Handler)
        for address in addresses
    ]
    for door in doors:
        door.start()
    return doors
