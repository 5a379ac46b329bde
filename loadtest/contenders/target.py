"""Targets: running HTTP services of the user's own."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Target:
    """A running HTTP service of the user's own, known only by its URL and path."""

    name: str
    url: str
    path: str

    @property
    def made_of(self) -> str:
        """The URL that users request."""
        return f"{self.url}{self.path}"


def parsed(text: str, path: str, *, allow_remote: bool) -> Target:
    """Return the target that `text` (NAME=URL) describes. Raises ValueError if it is malformed or not allowed."""
    if "@" in text:  # not repeated: it may be a password, which results and reports would show as well
        raise ValueError("--target takes no @: its URL must not contain a user name or a password.")
    name, equals, url = text.partition("=")
    if not (name and equals and is_origin(url)):
        raise ValueError(f"--target takes NAME=http://HOST:PORT, and --path the path; got {text!r}.")
    if not name.isprintable():
        raise ValueError(f"--target takes a name of printable characters; got {name!r}.")
    if not path.startswith("/"):
        raise ValueError(f"--path must begin with a slash; got {path!r}.")
    host = urlsplit(url).hostname or ""
    if not allow_remote and not _is_loopback(host):
        raise ValueError(f"{host} is not this machine. Load on it needs --allow-remote, and its owner's consent.")
    return Target(name, url.rstrip("/"), path)


def is_origin(url: str) -> bool:
    """Return True if a URL names a host and no path: http://HOST:PORT, with or without a slash at its end."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and (parts.path or "/", parts.query, parts.fragment) == ("/", "", "")
        )
    except ValueError:  # an invalid port or IPv6 address
        return False


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise ValueError(f"The address of {host!r} was not found: {error.strerror}.") from None
    return all(ipaddress.ip_address(address[4][0]).is_loopback for address in found)
