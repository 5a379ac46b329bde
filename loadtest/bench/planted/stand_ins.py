"""The slow things that planted faults wait for, inside their own process: a pipe, a resolver of names, a lock."""

import ctypes
import logging
import os
import socket
import struct
import threading
import time
from functools import cache

WAIT = 0.04
"""Seconds that each of them takes."""

RECORD = "x" * 128 * 1024
"""A message that is larger than the buffer of a pipe."""

LOCK = threading.Lock()


def hold(held: threading.Event) -> None:
    """Hold LOCK for WAIT seconds; `held` is set once it is held."""
    with LOCK:
        held.set()
        time.sleep(WAIT)


@cache
def slow_log() -> logging.Logger:
    """Return a logger whose handler writes to a pipe that is read WAIT seconds after each record was begun."""
    end, start = os.pipe()
    threading.Thread(target=_read_late, args=(end,), daemon=True).start()
    log = logging.getLogger("planted")
    log.addHandler(logging.StreamHandler(os.fdopen(start, "w")))
    log.propagate = False
    return log


def _read_late(end: int) -> None:
    length = len(RECORD) + 1  # with its line break
    while True:
        rest = length - len(os.read(end, 1))
        time.sleep(WAIT)
        while rest:
            rest -= len(os.read(end, rest))


class _ResolverState(ctypes.Structure):
    """The beginning of glibc's `struct __res_state`, and the first of its name servers."""

    _fields_ = (
        ("retrans", ctypes.c_int),
        ("retry", ctypes.c_int),
        ("options", ctypes.c_ulong),
        ("nscount", ctypes.c_int),
        ("address", ctypes.c_ubyte * 16),  # a struct sockaddr_in
    )


@cache
def slow_resolver() -> None:
    """Have the names that this thread looks up resolved by a name server that answers after WAIT seconds.

    Only glibc keeps the address of the name server where a process may change it. Raises AttributeError elsewhere.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    threading.Thread(target=_resolve_late, args=(server,), daemon=True).start()
    libc = ctypes.CDLL(None)
    libc.__res_state.restype = ctypes.POINTER(_ResolverState)
    libc.__res_init()
    state = libc.__res_state().contents
    _, port = server.getsockname()
    address = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton("127.0.0.1"))
    state.nscount = 1
    state.address[:] = address


def _resolve_late(server: socket.socket) -> None:
    """Answer each query with the address 127.0.0.1."""
    while True:
        query, asker = server.recvfrom(512)
        time.sleep(WAIT)
        question = query[12 : query.index(0, 12) + 5]  # a name, which a zero ends, its type and its class
        head = query[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0)
        answer = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 0, 4, socket.inet_aton("127.0.0.1"))
        server.sendto(head + question + answer, asker)
