"""Targets: running HTTP services of the user's own."""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from .request import Request


@dataclass(frozen=True)
class Tls:
    """The check of the certificate of a target."""

    ca: str | None = None
    """The path of a file with the certificates of authorities to trust, in PEM; None: those of the system."""
    insecure: bool = False
    """True: any certificate will do."""


@dataclass(frozen=True)
class Start:
    """The start of a service. Commands are words, and no shell reads them.

    `command` has {port} where it takes the port.
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    ready: str | None = None
    """The path that answers with a status under 400 once the service is ready; None: it is ready when it answers."""
    build: tuple[tuple[str, ...], ...] = ()
    """Commands that are run once, before all repeats."""
    before: tuple[tuple[str, ...], ...] = ()
    """Commands that are run before each start."""


class Pool(NamedTuple):
    """A pool of a service: how many connections it has, and the seconds for which a request holds one."""

    name: str
    size: int
    held: float


@dataclass(frozen=True)
class Target:
    """An HTTP service of the user's own, and the requests that it gets.

    `url`: where it listens; empty if it is started for the run.
    """

    name: str
    url: str
    requests: tuple[Request, ...] = (Request(),)
    tls: Tls = field(default_factory=Tls)
    start: Start | None = None
    locustfile: Path | None = None
    """The file with users of one's own, who take the place of those who send `requests`."""
    described: bool = False
    """True if a file describes it."""
    slots: int | None = None
    """Requests that it serves at once, if its owner says so."""
    pools: tuple[Pool, ...] = ()
    wait: float | None = None
    """Seconds that one request took when nothing else was asked; None before that was tried."""
    blocks: bool = False
    """True if it was tried and answered nothing else meanwhile: a request blocks its event loop."""

    @property
    def made_of(self) -> str:
        """The request of users, the URL if there are several, or the command that starts the service."""
        if self.start is not None:
            return " ".join(self.start.command)
        if len(self.requests) > 1 or self.locustfile is not None:
            return self.url
        (only,) = self.requests
        return f"{'' if only.method == 'GET' else f'{only.method} '}{self.url}{only.path}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return address(self.url)

    @property
    def encrypted(self) -> bool:
        """True if it speaks TLS."""
        return self.url.startswith("https:")


def address(url: str) -> tuple[str, int]:
    """Return host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def context(tls: Tls) -> ssl.SSLContext:
    """Return the settings of a TLS connection. Raises OSError if the authorities' file cannot be used."""
    found = ssl.create_default_context(cafile=tls.ca)
    if tls.insecure:
        found.check_hostname = False
        found.verify_mode = ssl.CERT_NONE
    return found


def parsed(text: str, requests: tuple[Request, ...], tls: Tls, *, allow_remote: bool) -> Target:
    """Return the target that `text` (NAME=URL) describes. Raises ValueError if it is malformed or not allowed."""
    if "@" in text:  # not repeated: it may be a password, which results and reports would show as well
        raise ValueError("--target takes no @: its URL must not contain a user name or a password.")
    name, equals, url = text.partition("=")
    if not (name and equals and is_origin(url)):
        raise ValueError(f"--target takes NAME=http://HOST:PORT, and --path the path; got {text!r}.")
    if not name.isprintable():
        raise ValueError(f"--target takes a name of printable characters; got {name!r}.")
    allowed(url, allow_remote=allow_remote)
    return Target(name, url.rstrip("/"), requests, tls)


def allowed(url: str, *, allow_remote: bool) -> None:
    """Raise ValueError if there is no such host, or if it is another machine and that is not allowed."""
    host = urlsplit(url).hostname or ""
    if not allow_remote and not is_here(host):
        raise ValueError(f"{host} is not this machine. Load on it needs --allow-remote, and its owner's consent.")


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


def is_loopback(host: str) -> bool:
    """Return True if only this machine reaches a host. Raises ValueError if its address is not found."""
    return all(address.is_loopback for address in _addresses(host))


def is_here(host: str) -> bool:
    """Return True if a host is this machine. Raises ValueError if its address is not found."""
    own = {each.address for every in psutil.net_if_addrs().values() for each in every}
    return all(address.is_loopback or str(address) in own for address in _addresses(host))


def _addresses(host: str) -> list[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise ValueError(f"The address of {host!r} was not found: {error.strerror}.") from None
    return [ip_address(address[4][0]) for address in found]
