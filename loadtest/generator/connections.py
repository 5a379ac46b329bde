"""The connections of users, with a count of what geventhttpclient does in silence.

Its client sends a request again if the service closes the connection instead of answering, up to ten times more than it
has connections. It also replaces a kept connection that the service has closed before anything was sent. Neither shows
in a response.
"""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import gevent
import gevent.socket
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.url import URL


@dataclass
class Tally:
    """The counts of all users of one service, which only grow."""

    resends: bool = True
    """False: a request that would be sent again fails instead, because it may have been carried out."""
    resent: int = 0
    """Requests that were sent again, because the service closed the connection instead of answering."""
    reconnected: int = 0
    """Kept connections that the service had closed before anything was sent on them."""


class Dropped(ConnectionError):
    """The service closed the connection instead of answering."""

    def __init__(self) -> None:
        super().__init__("the service closed the connection without an answer")


class Connections(HTTPClientPool):
    """The connections of one user or more, which add to `tally`."""

    def __init__(self, tally: Tally, **settings: Any) -> None:
        super().__init__(**settings)
        self._tally = tally
        self._taken = WeakKeyDictionary[object, int]()  # not to keep users who left
        """Connections that each greenlet has taken for its request."""

    def get_client(self, url: str | URL) -> HTTPClient:
        """Return the client for the next request. It takes one connection for every time that it sends the request."""
        known = len(self.clients)
        client = super().get_client(url)
        self._taken[gevent.getcurrent()] = 0
        if len(self.clients) > known:
            self._watch(client)
        return client

    def _watch(self, client: HTTPClient) -> None:
        pool = client._connection_pool
        take, lives = pool.get_socket, pool._is_socket_alive

        def taken() -> gevent.socket.socket:
            user = gevent.getcurrent()
            if self._taken[user] and not self._tally.resends:
                raise Dropped
            self._tally.resent += self._taken[user] > 0
            self._taken[user] += 1
            return take()

        def is_alive(sock: gevent.socket.socket | None) -> bool:
            alive = lives(sock)
            self._tally.reconnected += not alive
            return alive

        pool.get_socket = taken  # type: ignore[method-assign] # for this user's client only
        pool._is_socket_alive = is_alive  # type: ignore[method-assign]
