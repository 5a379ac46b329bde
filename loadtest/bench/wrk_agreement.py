"""Benchmark: agreement of the load generator with wrk, on the same server under the same load."""

from collections.abc import Iterator

from loadtest.bench import Finding
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.generator.driver import generator
from loadtest.generator.orders import Job, Order
from loadtest.processes.service import running
from loadtest.results.histogram import percentile
from loadtest.workload.closed import Closed

from .wrk import wrk

DELAY = 0.1
USERS_AND_SECONDS = ((1, 52), (32, 8), (100, 8))
"""Users and seconds of each measurement. A 99th percentile needs 500 requests: 50 seconds at one user."""


def report() -> Iterator[Finding]:
    """Yield one finding for each number of users."""
    service = Service("aiohttp", "async_app", UVLOOP_WORKER, workers=max(1, int(usable_cores())), threads=32)
    with generator() as driver, running(service) as server:
        driver.begin(Job("aiohttp", server.url, "delay", "100ms", DELAY))
        for users, seconds in USERS_AND_SECONDS:
            ours = driver.measure(Order(Closed(users), 1.0, float(seconds), 5.0))
            driver.measure(Order(Closed(0), 0.5, 0.0, 0.0))
            theirs = wrk(f"{server.url}/delay/100ms", users, seconds)
            latency = {float(bucket): count for bucket, count in ours["latency"].items()}
            pairs = {
                "throughput": (ours["requests"] / ours["seconds"], theirs.throughput, 0.03),
                "p50": (percentile(latency, 0.5) or 0.0, theirs.p50, 0.03),
                "p99": (percentile(latency, 0.99) or 0.0, theirs.p99, 0.10),
            }
            told = [
                f"{name} {mine:.1f}/{other:.1f} = {mine / other:.3f} (aim: within {aim})"
                for name, (mine, other, aim) in pairs.items()
            ]
            yield Finding(
                f"{users} users, 100 ms wait, load generator / wrk: {', '.join(told)}",
                met=all(abs(mine / other - 1) <= aim for mine, other, aim in pairs.values()),
            )
