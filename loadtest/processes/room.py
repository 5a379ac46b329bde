"""The addresses of this machine at which others in the room reach it."""

import socket
from dataclasses import dataclass
from ipaddress import ip_address

import psutil

LOOPBACK = "127.0.0.1"
"""The address that only this machine reaches."""

EVERY = "0.0.0.0"  # noqa: S104 - only if a presenter asks for it
"""The address that stands for all IPv4 addresses of this machine."""

FAR = "198.51.100.1"
"""An address for documentation, which no network has: the route to it is the default route."""


@dataclass(frozen=True)
class Room:
    """The addresses of this machine at which others are let in."""

    host: str
    """The address to bind a service to: one of this machine's, or EVERY."""
    addresses: tuple[str, ...]
    """The addresses that `host` stands for, without loopback ones. Only those of the start are known."""
    shown: tuple[str, ...]
    """The addresses to tell others: that of the default route, or all of them if none has it."""


def room(text: str) -> Room | None:
    """Return the room that --host names, or None if it names a loopback address.

    Raises:
        ValueError: if `text` is no address of this machine; the message is one sentence.

    """
    own = addresses()
    if text == EVERY:
        found = tuple(address for address in own if ":" not in address)
        if not found:
            raise ValueError(f"--host {EVERY} needs a network: this machine has no address but {LOOPBACK}.")
        first = outward()
        return Room(text, found, (first,) if first in found else found)
    try:
        address = ip_address(text)
    except ValueError:
        address = None
    if address is not None and address.is_loopback:
        return None
    if address is None or str(address) not in own:
        choice = f"one of {', '.join(own)}, or {EVERY} for all" if own else f"{LOOPBACK} alone, as it has no network"
        raise ValueError(f"--host takes an address of this machine, {choice}; got {text!r}.")
    return Room(str(address), (str(address),), (str(address),))


def addresses() -> list[str]:
    """Return the addresses of the interfaces that are up, without loopback and link-local ones.

    A link-local address needs the name of an interface, which no URL of a browser can hold.
    """
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    found = [
        each.address
        for name, all_of_it in psutil.net_if_addrs().items()
        if name in up
        for each in all_of_it
        if each.family in (socket.AF_INET, socket.AF_INET6)
    ]
    usable = [ip_address(text) for text in found]
    return [str(each) for each in usable if not (each.is_loopback or each.is_link_local)]


def outward() -> str | None:
    """Return the IPv4 address of the interface with the default route, or None if there is no such route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((FAR, 9))  # sends nothing: it only chooses a route
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address


def url(address: str, port: int, path: str = "") -> str:
    """Return the URL of an address, which may be one of IPv6."""
    return f"http://{in_url(address)}:{port}{path}"


def in_url(address: str) -> str:
    """Return an address as URLs and the Host header have it."""
    return f"[{address}]" if ":" in address else address
