"""Find out whether a service answers anything while one of its requests waits: not if that blocks its event loop."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

LOOP_SERVERS = ("aiohttp", "daphne", "hypercorn", "TornadoServer", "uvicorn")
"""Texts in the header Server of HTTP servers that run an event loop in each process."""

TIMES = 2
"""Number of trials, all of which must show it: the process of one may have been busy."""

AFTER = 0.25
"""Share of the request's time after which the other one is sent."""

LEAST = 0.01
"""Seconds of a request's time that must be left then; shorter ones show nothing."""

BEHIND = 0.5
"""Share of the time that was left which the other one takes at least if it has to wait for the request."""


def on_a_loop(server: str) -> bool:
    """Return True if an HTTP server, by its header Server, runs an event loop in each process."""
    return any(name in server for name in LOOP_SERVERS)


def blocked(ask: Callable[[], object], look: Callable[[], object], seconds: float) -> bool:
    """Return True if `look`, a request that takes no time, waits for `ask`, which takes about `seconds` seconds."""
    return all(_waits(ask, look, seconds * AFTER) for _ in range(TIMES))


def _waits(ask: Callable[[], object], look: Callable[[], object], after: float) -> bool:
    with ThreadPoolExecutor(1) as other:
        began = time.perf_counter()
        asked = other.submit(_timed, ask)
        time.sleep(after)
        looked = time.perf_counter()
        took = _timed(look) - looked
        left = asked.result() - began - after
    return left >= LEAST and took >= BEHIND * left


def _timed(request: Callable[[], object]) -> float:
    request()
    return time.perf_counter()
