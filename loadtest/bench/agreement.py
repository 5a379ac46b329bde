"""Whether our figures are right: the same server under the same load, from our generator and from wrk."""

from collections.abc import Iterator

from loadtest.driver import Job, Order, generator
from loadtest.latency import percentile
from loadtest.lineup import UVLOOP_WORKER, Service, cores
from loadtest.services import running

from .wrk import wrk

DELAY = 0.1
USERS_AND_SECONDS = ((1, 52), (32, 8), (100, 8))
"""At one user, 500 requests, which a 99th percentile needs, take 50 seconds."""


def report() -> Iterator[str]:
    """A line for each number of users."""
    service = Service("aiohttp", "async_app", UVLOOP_WORKER, workers=cores(), threads=32)
    with generator() as driver, running(service) as server:
        driver.begin(Job("aiohttp", server.url, "100ms", DELAY, 0.0))
        for users, seconds in USERS_AND_SECONDS:
            ours = driver.measure(Order(users, 1.0, float(seconds), 5.0), lambda: None)
            driver.measure(Order(0, 0.5, 0.0, 0.0), lambda: None)
            theirs = wrk(f"{server.url}/delay/100ms", users, seconds)
            latency = {float(bucket): count for bucket, count in ours["latency"].items()}
            p50, p99 = percentile(latency, 0.5) or 0.0, percentile(latency, 0.99) or 0.0
            rate = ours["requests"] / ours["seconds"]
            yield (
                f"{users} users of 100 ms, ours over wrk: throughput {rate:.1f}/{theirs.throughput:.1f} = "
                f"{rate / theirs.throughput:.3f}, p50 {p50:.1f}/{theirs.p50:.1f} = {p50 / theirs.p50:.3f}, "
                f"p99 {p99:.1f}/{theirs.p99:.1f} = {p99 / theirs.p99:.3f} (aim: within 0.03, 0.03, 0.10)"
            )
