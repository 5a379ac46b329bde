"""A running HTTP service that is not ours."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Target:
    """An HTTP service of which only the address is known."""

    name: str
    url: str
    path: str

    @property
    def made_of(self) -> str:
        """The address in words."""
        return f"{self.url}{self.path}"


def parsed(text: str, path: str, *, allow_remote: bool) -> Target:
    """Return the target that NAME=URL names; a ValueError, of one sentence, where it is none, or may not be asked."""
    name, equals, url = text.partition("=")
    if not (name and equals and _is_origin(url)):
        raise ValueError(f"--target takes NAME=http://HOST:PORT, and --path the path; got {text!r}.")
    if not name.isprintable():
        raise ValueError(f"--target takes a name that can be printed; got {name!r}.")
    if not path.startswith("/"):
        raise ValueError(f"--path begins with a slash; got {path!r}.")
    host = urlsplit(url).hostname or ""
    if not allow_remote and not _is_loopback(host):
        raise ValueError(f"{host} is not this machine. Load on others needs --allow-remote, and their consent.")
    return Target(name, url.rstrip("/"), path)


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and (parts.path or "/", parts.query, parts.fragment) == ("/", "", "")
        )
    except ValueError:  # a port or an IPv6 address that is none
        return False


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise ValueError(f"There is no address for {host!r}: {error.strerror}.") from None
    return all(ipaddress.ip_address(address[4][0]).is_loopback for address in found)
