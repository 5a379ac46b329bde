"""The counts of a racer's requests since the last change."""

from collections import Counter

from loadtest.results.histogram import bucket


class Tally:
    """Counts of requests that have ended. A request is old if it began before the last change."""

    def __init__(self) -> None:
        self.ended = 0
        """The requests without old ones."""
        self.failed = 0
        """The failed ones among these."""
        self.old_ended = 0
        self.old_failed = 0
        self.latency: Counter[float] = Counter()
        """The number of requests by response time in milliseconds, without old ones."""
        self.failed_latency: Counter[float] = Counter()
        """The failed ones among these."""
        self.errors: Counter[str] = Counter()
        """The number of failures by error, old ones among them."""

    def add(self, milliseconds: float, error: str | None, *, old: bool) -> None:
        """Count a request that has ended; `error`: why it failed, or None if it did not."""
        if error is not None:
            self.errors[error] += 1
        if old:
            self.old_ended += 1
            self.old_failed += error is not None
            return
        self.ended += 1
        self.latency[bucket(milliseconds)] += 1
        if error is not None:
            self.failed += 1
            self.failed_latency[bucket(milliseconds)] += 1
