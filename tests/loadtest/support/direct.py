"""Requests without the proxy that the environment may name."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.support.stalls import TooLate


def asked(url: str, form: str | None = None) -> bytes:
    """GET the URL, or POST a form to it. Return the body of the response, which must be a 200.

    Raises TooLate if the service gave up what it waits for.
    """
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("GET" if form is None else "POST", url.partition(parts.netloc)[2], form, headers)
        response = connection.getresponse()
        body = response.read()
        if response.status in (503, 504):
            raise TooLate(body)
        assert response.status == 200, body
        return body
    finally:
        connection.close()
