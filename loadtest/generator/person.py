"""The simulated person whose answer a request to /ask waits for."""

from contextlib import suppress

import gevent
from geventhttpclient import HTTPClient
from geventhttpclient._parser import HTTPParseError

ANSWER = "soup"


class Person:
    """A person who answers questions with requests to the service that asked.

    The person has a separate connection, which the statistics ignore. `timeout` is in seconds.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._client = HTTPClient.from_url(url, concurrency=1, connection_timeout=timeout, network_timeout=timeout)

    def will_answer(self, question: str, after: float) -> None:
        """Answer `question` after `after` seconds, or later if earlier answers still occupy the connection."""
        gevent.get_hub().loop.update_now()  # the loop's clock stops while greenlets run: the answer would be too early
        gevent.spawn_later(after, self._answer, question)

    def _answer(self, question: str) -> None:
        with suppress(OSError, HTTPParseError):  # the waiting client sees a failure of its own
            self._client.post(f"/answer/{question}", body=ANSWER).read()
