"""Requests without the proxy that the environment may name."""

from http.client import HTTPConnection
from urllib.parse import urlsplit


def asked(url: str, form: str | None = None) -> bytes:
    """GET the URL, or POST a form to it. Return the body of the response, which must be a 200."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("GET" if form is None else "POST", url.partition(parts.netloc)[2], form, headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return body
    finally:
        connection.close()
