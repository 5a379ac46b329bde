"""Two machines: two network namespaces of the kernel, and between them a link that delays every packet."""

import fcntl
import heapq
import os
import select
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

TUN = Path("/dev/net/tun")
TUNSETIFF, PACKETS = 0x400454CA, 0x1001
"""Linux's request to make a network interface, and its flags: IP packets without a header (linux/if_tun.h)."""

DELAY = 0.001
"""Seconds that a packet takes in either direction."""

LEFT, RIGHT = "10.77.0.1", "10.77.0.2"
"""The addresses of the two machines."""

LONGEST = 65_536


def machine(address: str) -> list[str]:
    """Return the beginning of a command that runs on the machine with this address."""
    return ["ip", "netns", "exec", _name(address)]


@contextmanager
def machines() -> Iterator[None]:
    """Make the two machines until the context exits. Skip the test where that is not allowed."""
    if not (TUN.exists() and shutil.which("ip")):
        pytest.skip("This system cannot make network namespaces: it has no ip command or no /dev/net/tun.")
    with ExitStack() as made:
        try:
            ends = [made.enter_context(_machine(own, peer)) for own, peer in ((LEFT, RIGHT), (RIGHT, LEFT))]
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"Network namespaces are not allowed here: {error}.")
        stop, stopped = os.pipe()
        link = Thread(target=_carry, args=(ends[0], ends[1], stop))
        link.start()
        try:
            yield
        finally:
            os.close(stopped)
            link.join()
            os.close(stop)


@contextmanager
def _machine(own: str, peer: str) -> Iterator[int]:
    """Make a network namespace with one interface, and yield the descriptor of the interface's other end."""
    name = _name(own)
    subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)  # of a test that was killed
    subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
    end = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", name.encode(), PACKETS))
        for words in (
            ["link", "set", name, "netns", name],
            ["-n", name, "address", "add", own, "peer", peer, "dev", name],
            ["-n", name, "link", "set", name, "up"],
            ["-n", name, "link", "set", "lo", "up"],
        ):
            subprocess.run(["ip", *words], check=True, capture_output=True)
        yield end
    finally:
        os.close(end)
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def _name(address: str) -> str:
    return {LEFT: "sva-left", RIGHT: "sva-right"}[address]


def _carry(left: int, right: int, stop: int) -> None:
    """Carry the packets between two ends, each DELAY seconds later, until `stop` is closed at its other end."""
    others = {left: right, right: left}
    under_way: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        wait = max(0.0, under_way[0][0] - time.perf_counter()) if under_way else None
        readable, _, _ = select.select([left, right, stop], [], [], wait)
        if stop in readable:
            return
        for end in readable:
            with suppress(BlockingIOError):
                while True:
                    number += 1
                    due = time.perf_counter() + DELAY
                    heapq.heappush(under_way, (due, number, others[end], os.read(end, LONGEST)))
        while under_way and under_way[0][0] <= time.perf_counter():
            _, _, end, packet = heapq.heappop(under_way)
            with suppress(OSError):  # the queue of the interface is full: the packet is lost, as on any network
                os.write(end, packet)
