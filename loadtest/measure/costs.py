"""Measure what one more waiting request costs here: the memory of a thread, and of a coroutine, of the twins."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection

from loadtest.contenders.service import ASYNC, SYNC, UVLOOP_WORKER, Service
from loadtest.processes.service import Running, ServiceFailed, memory_of, running
from loadtest.results.advice import Costs

HELD = 200
"""Requests that wait at once."""

WITHIN = 8
"""Seconds that each of them waits, within which all must have arrived."""

THREADS = Service("threads", SYNC, "gthread", workers=1, threads=HELD + 1)  # one is free to say how many wait
COROUTINES = Service("coroutines", ASYNC, UVLOOP_WORKER, workers=1, threads=1)


def costs() -> Costs:
    """Return the bytes of each. Raises ServiceFailed if a twin does not start, or does not take all requests."""
    return Costs(thread=_each(THREADS), coroutine=_each(COROUTINES))


def _each(service: Service) -> float:
    with running(service, {"MAX_DURATION": str(WITHIN), "MAX_IN_FLIGHT": str(10 * HELD)}) as server:
        before = memory_of(server.processes())
        with _held(server):
            return max(0.0, (memory_of(server.processes()) - before) / HELD)


@contextmanager
def _held(server: Running) -> Iterator[None]:
    """Send HELD requests that wait on a server, and yield once all have arrived; abandon them at the exit."""
    host, port = server.url.removeprefix("http://").split(":")
    asked = f"GET /delay/{WITHIN} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(HELD):
            stack.enter_context(socket.create_connection((host, int(port)))).sendall(asked)
        until = time.monotonic() + WITHIN
        while _in_flight(host, int(port)) < HELD:
            if time.monotonic() > until:
                raise ServiceFailed(f"The twin with {server.name} did not take {HELD} requests at once.")
            time.sleep(0.05)
        yield


def _in_flight(host: str, port: int) -> float:
    connection = HTTPConnection(host, port, timeout=WITHIN)
    try:
        connection.request("GET", "/metrics")
        found = re.search(r"^http_requests_in_flight (\S+)", connection.getresponse().read().decode(), re.MULTILINE)
        return float(found[1]) if found else 0.0
    finally:
        connection.close()
