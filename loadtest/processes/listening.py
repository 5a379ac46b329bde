"""The processes of a service of the user's own that runs already: found by the port on which they listen."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import psutil

from loadtest.contenders.cores import SHARED, Cores
from loadtest.contenders.target import Target
from loadtest.english import count

from .clocks import tree
from .service import Server, ServiceFailed

Address = IPv4Address | IPv6Address

PASS_ON = {
    **dict.fromkeys(("docker-proxy", "rootlesskit", "rootlessport", "slirp4netns", "pasta", "gvproxy"), "a container"),
    **dict.fromkeys(("kubectl", "ssh", "sshd"), "another machine"),
    **dict.fromkeys(("systemd", "launchd"), "a service that it starts"),
}
"""Programs that listen for something else, and where that is."""


class Unseen(Exception):
    """The processes of a service cannot be seen. The message is a clause that says why."""


class Listening(Server):
    """A service that somebody else started. It is measured, and neither bound to cores nor stopped.

    `masters`: the processes that listen, without those whose parents do.
    """

    ours = False

    def __init__(self, name: str, url: str, masters: list[psutil.Process]) -> None:
        super().__init__(name, url)
        self._masters = masters

    def processes(self) -> list[psutil.Process]:
        """Return the masters and all their children, and theirs."""
        return list({each.pid: each for master in self._masters for each in tree(master.pid)}.values())

    def check(self) -> None:
        """Raise ServiceFailed if every master has exited."""
        if not any(map(_runs, self._masters)):
            raise ServiceFailed(f"{self.name} exited: {_named(self._masters)} no longer runs.")

    def cores(self, given: Cores) -> Cores:
        """Return the cores that the service may use as its own, or SHARED if it may use those of the load generator."""
        if not given.apart:
            return SHARED
        allowed: set[int] = set()
        for process in self.processes():
            with suppress(psutil.Error):
                allowed.update(process.cpu_affinity())
        return SHARED if not allowed or allowed & {*given.others} else Cores(tuple(sorted(allowed)), given.others)

    def __str__(self) -> str:
        return f"{count(len(self.processes()), 'process', 'processes')} (listening: {_named(self._masters)})"


def listening(target: Target) -> Listening:
    """Return the processes of a target that runs on this machine. Raises Unseen if they cannot be seen."""
    ours = {each.pid for each in (psutil.Process(), *psutil.Process().parents())}
    masters: dict[int, psutil.Process] = {}
    for pid, listener in _listeners(target):
        if pid is None:
            raise Unseen("its processes belong to another user, or run in a container")
        with suppress(psutil.NoSuchProcess):
            master = _topmost(psutil.Process(pid), listener)
            if master.pid in ours:
                raise Unseen("the process that listens has started this command too")
            if (where := PASS_ON.get(master.name())) is not None:
                raise Unseen(f"{master.name()} listens for {where}")
            masters[master.pid] = master
    if not masters:
        raise Unseen("no process of this machine listens at its port, as with a container")
    return Listening(target.name, target.url, list(masters.values()))


def _listeners(target: Target) -> Iterator[tuple[int | None, Any]]:
    """Yield the address of each socket that listens for a target, with one process that has it, None if it is hidden.

    A socket with the very address is preferred to one for all addresses, as the system does. Raises Unseen.
    """
    try:
        every: list[Any] = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:
        raise Unseen("this system shows them to its administrator alone") from None
    found = [(each.pid, each.laddr) for each in every if each.laddr.port == target.address[1]]
    for address in _addresses(target):
        everywhere = [IPv4Address(0), IPv6Address(0)] if address.version == 4 else [IPv6Address(0)]
        for wanted in (address, *everywhere):
            if chosen := [each for each in found if _plain(each[1].ip) == wanted]:
                yield from chosen
                return


def _addresses(target: Target) -> Iterator[Address]:
    """Yield the addresses of a target in the order in which clients try them. Raises Unseen for another machine's."""
    try:
        known = socket.getaddrinfo(*target.address, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise Unseen(f"its address was not found: {error.strerror}") from None
    for family, kind, _, _, there in known:
        with socket.socket(family, kind) as route:  # of datagrams, which sends nothing to connect
            try:
                route.connect(there)
            except OSError:  # the machine has no such family of addresses
                continue
            address = _plain(str(there[0]))
            if not address.is_loopback and _plain(route.getsockname()[0]) != address:
                raise Unseen("it runs on another machine")
            yield address


def _plain(text: str) -> Address:
    """Return an address; that of IPv4 if it is one of IPv4 in IPv6."""
    found = ip_address(text.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


def _topmost(process: psutil.Process, listener: Any) -> psutil.Process:
    """Return the topmost parent of a process that has the same listening socket, or the process itself."""
    with suppress(psutil.Error):
        while (parent := process.parent()) is not None and _listens(parent, listener):
            process = parent
    return process


def _listens(process: psutil.Process, listener: Any) -> bool:
    found = process.net_connections("tcp")
    return any(each.status == psutil.CONN_LISTEN and each.laddr == listener for each in found)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _named(processes: Iterable[psutil.Process]) -> str:
    return ", ".join(f"process {each.pid}" for each in processes)
