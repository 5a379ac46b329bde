"""The moment that the statistics of Locust's master are of: its workers report their counts at moments of their own."""

from collections.abc import Collection
from statistics import fmean


class Reports:
    """The last reports of workers. Time is in seconds by the clock of this process, as they arrived."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def note(self, worker: str, clock: float) -> None:
        """Record that a report of a worker has arrived."""
        self._last[worker] = clock

    def moment(self, workers: Collection[str]) -> float | None:
        """Return the mean time of the last reports of these workers, or None if there is none, or one is awaited.

        Of counts that each worker has sent at a moment of its own, a rate per second of this mean is that of all.
        """
        if not workers or not self._last.keys() >= {*workers}:
            return None
        return fmean(self._last[worker] for worker in workers)
