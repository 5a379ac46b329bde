"""How long the event loop is held up while every kind of waiting goes on at once."""

from collections.abc import Iterator
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from backing.environment import backing
from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.generator.driver import Job, Order, generator
from loadtest.processes.service import Running, running
from loadtest.workload.closed import Closed
from loadtest.workload.scenarios import MIXED, needs

USERS = 40
SECONDS = 20.0
AIM = 0.05
"""Seconds, at the 99th percentile."""


def report() -> Iterator[Finding]:
    """One line."""
    service = Service("one aiohttp worker", "async_app", UVLOOP_WORKER, workers=1, threads=32, pool_size=USERS)
    with backing(needs(MIXED)) as environment, generator() as driver, running(service, environment) as server:
        driver.begin(Job(service.name, server.url, MIXED, "100ms", 0.1))
        idle = _lags(server)
        seen = driver.measure(Order(Closed(USERS), 1.0, SECONDS, 5.0))
        busy = _lags(server)
    counted = {edge: busy[edge] - idle[edge] for edge in busy}
    total = max(counted.values())
    p99 = min(edge for edge, count in counted.items() if count >= 0.99 * total)
    yield Finding(
        f"{service.name} under {USERS} users of every kind of waiting ({seen['requests'] / seen['seconds']:.0f} "
        f"requests a second, {seen['failures']} failed): its event loop was late by at most {p99 * 1000:g} ms in "
        f"99 % of {total:.0f} looks (aim: {AIM * 1000:g} ms)",
        met=p99 <= AIM and not seen["failures"],
    )


def _lags(server: Running) -> dict[float, float]:
    """Looks at the loop's lag, by the upper edge (seconds) that it was within."""
    with urlopen(f"{server.url}/metrics") as response:  # noqa: S310 - the address is our own
        families = text_string_to_metric_families(response.read().decode())
    return {
        float(sample.labels["le"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == "event_loop_lag_seconds_bucket"
    }
