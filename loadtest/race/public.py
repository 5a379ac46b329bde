"""The address at which a reverse proxy publishes the web app.

Headers that a proxy adds, such as X-Forwarded-Host, are not read: whoever reaches the web app itself could send them.
"""

from typing import NamedTuple
from urllib.parse import urlsplit

PUBLIC_URL = "PUBLIC_URL"
"""The environment variable that passes the address to Locust's process."""

DEFAULT_PORTS = {"http": 80, "https": 443}


class Public(NamedTuple):
    """The name in the Host header and the Origin header that a browser sends through the proxy."""

    host: str
    origin: str


def public(url: str) -> Public | None:
    """Return what a browser sends through the proxy at `url`, or None if that is empty.

    Raises:
        ValueError: if it is no such address; the message is one sentence.

    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # an invalid port or IPv6 address
        host = port = None
    if not host or "@" in url or parts.scheme not in DEFAULT_PORTS or parts.query or parts.fragment:
        raise ValueError("The public URL takes https://HOST, with a port or a path if it has one; no user, no query.")
    name = f"[{host}]" if ":" in host else host  # urlsplit has made it lower-case, as browsers do
    shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return Public(name, f"{parts.scheme}://{name}{shown}")
