"""Waiting for other requests."""

import threading

from contract.parameters import Meeting


class Party:
    """Requests that wait for one another."""

    def __init__(self) -> None:
        self.size = 0
        self.met = threading.Event()


class Meetings:
    """The incomplete parties of one process, by the number n of requests that complete them."""

    def __init__(self) -> None:
        self._parties: dict[int, Party] = {}
        self._lock = threading.Lock()  # another thread can run between any two steps

    def barrier(self, asked: Meeting) -> bool:
        """Wait until n requests have arrived or `timeout` seconds have passed; return True if all n arrived."""
        party = self._join(asked.n)
        try:
            party.met.wait(asked.timeout)  # holds a thread
        finally:
            self._leave(asked.n, party)
        return party.met.is_set()

    def _join(self, n: int) -> Party:
        with self._lock:
            party = self._parties.setdefault(n, Party())
            party.size += 1
            if party.size == n:
                party.met.set()
                del self._parties[n]
            return party

    def _leave(self, n: int, party: Party) -> None:
        with self._lock:
            party.size -= 1
            if party.size == 0 and self._parties.get(n) is party:
                del self._parties[n]
