"""The person whom /ask waits for."""

from contextlib import suppress

import gevent
from geventhttpclient import HTTPClient
from geventhttpclient._parser import HTTPParseError

ANSWER = "soup"


class Person:
    """A person who answers questions, by requests to the service that asks them."""

    def __init__(self, url: str, timeout: float) -> None:
        """Use a connection of its own, outside the statistics; `timeout` is in seconds."""
        self._client = HTTPClient.from_url(url, concurrency=1, connection_timeout=timeout, network_timeout=timeout)

    def will_answer(self, question: str, after: float) -> None:
        """Answer `question` in so many seconds, or as soon as the answers before it are taken."""
        gevent.get_hub().loop.update_now()  # its clock stands still while greenlets run: the person would be too quick
        gevent.spawn_later(after, self._answer, question)

    def _answer(self, question: str) -> None:
        with suppress(OSError, HTTPParseError):  # whoever asked will find out
            self._client.post(f"/answer/{question}", body=ANSWER).read()
