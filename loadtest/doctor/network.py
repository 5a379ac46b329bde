"""Findings about the network of this machine: ports, 127.0.0.1, the name localhost, and proxy variables."""

import errno
import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import PurePath

from serving.taken_port import Holder, holder

from .finding import Finding, fine, mend, note

LOOPBACK = "127.0.0.1"

OURS = {"sync_app", "async_app", "peers", "backing.upstream", "locust", "sync-vs-async"}
"""Words in the commands of the project's own processes."""

PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
"""The variables that send requests of plain HTTP through a proxy."""

SPARED = {"*", "127.0.0.1", "127.0.0.0/8"}
"""Entries of NO_PROXY that exempt 127.0.0.1."""

WITHIN = 5.0
"""Seconds that a connection of this process to itself may take."""


def taken(port: int) -> bool:
    """Return True if another process listens on the port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the services do
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def held(port: int) -> Finding:
    """Return whether the port is free now."""
    return fine("free") if not taken(port) else in_use(port, holder(port))


def in_use(port: int, by: Holder | None) -> Finding:
    """Return a finding about a port that is taken, by a process that may be hidden."""
    if by is None:
        return mend(f"It is taken: find out by whom with `sudo lsof -nP -iTCP:{port} -sTCP:LISTEN`.")
    words = by.command.split()
    if OURS & {PurePath(word).name for word in words}:
        return note(f"This project's {by} has it: press Ctrl-C there before you start another command.")
    if words and PurePath(words[0]).name == "docker-proxy":
        return mend("A container has it: run `docker compose down`, or `docker ps` to see which.")
    return mend(f"It is taken by {by}: stop it with `kill {by.process}`.")


def loopback(*, mac: bool) -> Finding:
    """Return whether this process can listen on 127.0.0.1 and connect to itself there."""
    up = "sudo ifconfig lo0 up" if mac else "sudo ip link set lo up"
    try:
        with socket.create_server((LOOPBACK, 0)) as server:
            socket.create_connection(server.getsockname(), WITHIN).close()
    except OSError as error:
        return mend(f"No connection to {LOOPBACK} ({error.strerror or error}): run `{up}`, or see to the firewall.")
    return fine("connections work")


def addresses(name: str) -> Sequence[str]:
    """Return the addresses of a name in the order in which clients try them; none if the name is unknown."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]).partition("%")[0] for *_, address in found]


def localhost(known: Sequence[str]) -> Finding:
    """Return what the name localhost means here, by its addresses in order. The services listen on 127.0.0.1."""
    if not known:
        return note(
            "Unknown here: type 127.0.0.1, as the project does, or `echo 127.0.0.1 localhost | sudo tee -a /etc/hosts`."
        )
    if strange := [each for each in known if not ip_address(each).is_loopback]:
        return mend(f"It means {strange[0]}, another machine: mend the line of localhost with `sudo nano /etc/hosts`.")
    if known[0] != LOOPBACK:
        return note(f"{known[0]} comes first, where nothing listens: type 127.0.0.1 instead.")
    return fine(LOOPBACK)


def proxies(environment: Mapping[str, str]) -> Finding:
    """Return whether the environment sends requests to 127.0.0.1 through a proxy."""
    named = [name for name in PROXIES if environment.get(name)]
    if not named:
        return fine("none set for HTTP")
    exempt = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    if SPARED & {each.strip() for each in exempt.split(",")}:
        return fine(f"{named[0]} is set, without effect on {LOOPBACK}")
    return mend(
        f"{named[0]} is set, and NO_PROXY does not name {LOOPBACK}: curl and other clients ask the proxy for "
        f"http://{LOOPBACK}:8001. Run `export NO_PROXY={LOOPBACK},localhost no_proxy={LOOPBACK},localhost`."
    )
