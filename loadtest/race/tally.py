"""The counts of a racer since the last change, without the requests from before it."""

from collections import Counter

from loadtest.results.histogram import bucket


class Tally:
    """Counts that Locust's statistics of a racer lack: its failures by time, and its old requests.

    A request is old if it began before the last change, and ended after it. Locust's statistics count it.
    """

    def __init__(self) -> None:
        self.failed: Counter[float] = Counter()
        """The number of failed requests by response time in milliseconds, old ones among them."""
        self.old: Counter[float] = Counter()
        """The number of old requests by response time in milliseconds."""
        self.old_failed: Counter[float] = Counter()
        """The number of failed ones among these."""

    def ended(self, milliseconds: float, *, failed: bool, old: bool) -> None:
        """Count a request that has ended."""
        if failed:
            self.failed[bucket(milliseconds)] += 1
        if old:
            self.old[bucket(milliseconds)] += 1
        if failed and old:
            self.old_failed[bucket(milliseconds)] += 1
