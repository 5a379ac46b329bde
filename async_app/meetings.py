"""Waiting for other requests."""

import asyncio

from contract.parameters import Meeting
from serving.sleep import TICK


class Party:
    """Requests that wait for one another."""

    def __init__(self) -> None:
        self.size = 0
        self.met = asyncio.Event()


class Meetings:
    """The incomplete parties of one process, by the number n of requests that complete them."""

    def __init__(self) -> None:
        self._parties: dict[int, Party] = {}
        # no lock: another coroutine can run only at an await

    async def barrier(self, asked: Meeting) -> bool:
        """Wait until n requests have arrived or `timeout` seconds have passed; return True if all n arrived."""
        party = self._join(asked.n)
        try:
            async with asyncio.timeout(asked.timeout + 2 * TICK):
                await party.met.wait()  # holds a coroutine
        except TimeoutError:
            pass
        finally:
            self._leave(asked.n, party)
        return party.met.is_set()

    def _join(self, n: int) -> Party:
        party = self._parties.setdefault(n, Party())
        party.size += 1
        if party.size == n:
            party.met.set()
            del self._parties[n]
        return party

    def _leave(self, n: int, party: Party) -> None:
        party.size -= 1
        if party.size == 0 and self._parties.get(n) is party:
            del self._parties[n]
