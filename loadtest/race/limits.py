"""The limits of what others in the room may ask: requests per second of each address, and of all together."""

import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network

EACH_RATE, EACH_BURST = 20.0, 200.0
"""Requests per second, and at once, of one address. A room behind one router has one address."""

ALL_RATE, ALL_BURST = 50.0, 500.0
"""Requests per second, and at once, of all others together; they take about a tenth of a core."""

MOST_ADDRESSES = 1000
"""The most addresses that are remembered."""

NETWORK_OF_ONE = 64
"""Bits of an IPv6 address that name a network; a machine chooses the others as it likes."""


class Allowance:
    """The requests that may still be made: `burst` at once, and `rate` more with every second up to that."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Take one request, and return whether it was left."""
        self._left, self._at = self.left(now), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def left(self, now: float) -> float:
        """Return how many requests are left."""
        return min(self._burst, self._left + (now - self._at) * self._rate)


class Limits:
    """The requests that are left to each address and to all together. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._each: dict[str, Allowance] = {}
        self._all = Allowance(ALL_RATE, ALL_BURST, clock())

    def refusal(self, address: str) -> str:
        """Count a request from `address`, and return a sentence if it is one too many, else an empty string."""
        now, key = self._clock(), _machine(address)
        if key not in self._each:
            if len(self._each) >= MOST_ADDRESSES:
                self._each = {each: left for each, left in self._each.items() if left.left(now) < EACH_BURST}
            self._each[key] = Allowance(EACH_RATE, EACH_BURST, now)
        if not self._each[key].take(now):
            return "Too many requests came from your address; wait a few seconds."
        return "" if self._all.take(now) else "Too many requests came from the room; wait a few seconds."


def _machine(address: str) -> str:
    """Return what stands for one machine: the address, or the network of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ip_network((found, NETWORK_OF_ONE), strict=False))
