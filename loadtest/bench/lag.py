"""Benchmark: event-loop lag of one aiohttp worker under the mixed scenario."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

from prometheus_client.parser import text_string_to_metric_families

from backing.environment import backing
from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.generator.driver import generator
from loadtest.generator.orders import Job, Order
from loadtest.processes.service import Running, running
from loadtest.workload.closed import Closed
from loadtest.workload.scenarios import MIXED, needs

USERS = 40
SECONDS = 20.0
AIM = 0.05
"""The largest 99th percentile of the lag, in seconds."""


def report() -> Iterator[Finding]:
    """Yield one finding."""
    service = Service("one aiohttp worker", "async_app", UVLOOP_WORKER, workers=1, threads=32, pool_size=USERS)
    with backing(needs(MIXED)) as behind, generator() as driver, running(service, behind.environment) as server:
        driver.begin(Job(service.name, server.url, MIXED, "100ms", 0.1))
        idle = _lags(server)
        seen = driver.measure(Order(Closed(USERS), 1.0, SECONDS, 5.0))
        busy = _lags(server)
    counted = {edge: busy[edge] - idle[edge] for edge in busy}
    total = max(counted.values())
    p99 = min(edge for edge, count in counted.items() if count >= 0.99 * total)
    yield Finding(
        f"{service.name}, {USERS} users, {MIXED} scenario ({seen['requests'] / seen['seconds']:.0f} requests/s, "
        f"{seen['failures']} failed): 99th percentile of the event-loop lag at most {p99 * 1000:g} ms, "
        f"{total:.0f} samples (aim: at most {AIM * 1000:g} ms, no failures)",
        met=p99 <= AIM and not seen["failures"],
    )


def _lags(server: Running) -> dict[float, float]:
    """Return the cumulative number of lag samples by the upper edge of their bucket, in seconds."""
    with closing(HTTPConnection(server.url.removeprefix("http://"), timeout=10)) as connection:
        connection.request("GET", "/metrics")
        families = text_string_to_metric_families(connection.getresponse().read().decode())
    return {
        float(sample.labels["le"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == "event_loop_lag_seconds_bucket"
    }
