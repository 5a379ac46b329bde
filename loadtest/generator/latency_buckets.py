"""Latency buckets of three significant digits, instead of Locust's two.

Locust merges the counts per bucket of its processes, so percentiles of the sum stay correct. The error is at most
0.5 %; Locust's own buckets round both 1,003 ms and 1,045 ms to 1,000 ms.
"""

from loadtest.results.histogram import bucket


def install() -> None:
    """Make Locust use these buckets in this process."""
    import locust.stats  # noqa: PLC0415 - this import patches the standard library, which other importers must avoid

    locust.stats.bucket_response_time = bucket  # type: ignore[assignment] # Locust only uses the bucket as a key
