"""Benchmark: several load generators measure what one measures, and carry more (needs nginx)."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from socket import create_connection, create_server
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from backing.processes import PYTHON, logged
from loadtest.bench import Finding
from loadtest.contenders.cores import halves, usable_cores
from loadtest.contenders.request import Request
from loadtest.contenders.service import ASYNC, UVLOOP_WORKER, Service
from loadtest.generator.crew import TOKEN, Crew
from loadtest.generator.orders import Job, Order
from loadtest.generator.starting import generators
from loadtest.processes.affinity import confined
from loadtest.processes.service import ServiceFailed, running
from loadtest.results.histogram import percentile
from loadtest.workload.closed import Closed

SERVICE = Service("aiohttp", ASYNC, UVLOOP_WORKER, workers=1, threads=1)

NUMBERS = (1, 2, 4)
"""Numbers of load generators that are compared."""

ROUNDS = 7
"""Windows of each number, which take turns, so that a disturbance affects all."""

LIGHT = Order(Closed(80), warmup=1.0, window=6.0, patience=5.0)
"""A load well below the machine's limit: 400 requests per second, each of which waits 200 ms, as by default."""

HEAVY = Order(Closed(100), warmup=0.5, window=3.0, patience=5.0)
"""Users who wait for nothing: they fill the load generators."""

START_WITHIN = 10.0
"""Seconds that nginx may take to start."""

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  keepalive_requests 10000000;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type text/plain; return 200 "ok"; }} }}
}}
"""
"""The settings of an nginx of one process that answers everything at once."""

THROUGHPUT, P99, RAW, MORE = 0.01, 0.05, 0.005, 1.8
"""Aims: the largest difference in throughput, in p99 and from the raw log, and how much more two carry than one."""

BUCKET = 1.0
"""Width of a bucket from 100 ms to 1 s, in milliseconds."""

RANKS = (0.5, 0.9, 0.99)


def report() -> Iterator[Finding]:
    """Yield the findings: agreement of 1, 2 and 4, percentiles against a raw log, CPU time for each request."""
    cores = halves()
    with confined(cores.others), running(SERVICE, cores=cores.service) as server:
        yield from _agreement(server.url)
        yield _raw(server.url)
    yield _carried()


def _agreement(url: str) -> Iterator[Finding]:
    """Compare the windows of several generators with those of one, round by round: idle ones would cost CPU time."""
    seen: dict[int, list[dict[str, Any]]] = {number: [] for number in NUMBERS}
    for _ in range(ROUNDS):
        for number in NUMBERS:
            with generators(Crew(number), _ignore) as lend, lend() as driver:
                driver.begin(Job("aiohttp", url, "delay", "200ms", 0.2))
                seen[number].append(driver.measure(LIGHT))
    for number in NUMBERS[1:]:
        rates = [_rate(several) / _rate(one) for several, one in zip(seen[number], seen[1], strict=True)]
        middle, high = (
            [(_at(several, rank), _at(one, rank)) for several, one in zip(seen[number], seen[1], strict=True)]
            for rank in (0.5, 0.99)
        )
        rate, p99 = median(rates), median(several / one for several, one in high)
        apart = abs(median(several - one for several, one in middle))
        told = (
            f"throughput {rate:.4f} (aim: within {THROUGHPUT})",
            f"p50 {apart:g} ms apart (aim: within a bucket, {BUCKET:g} ms)",
            f"p99 {p99:.3f} (aim: within {P99})",
        )
        yield Finding(
            f"{number} load generators / 1, 80 users, 200 ms wait, medians of {ROUNDS} rounds: {', '.join(told)}",
            met=abs(rate - 1) <= THROUGHPUT and apart <= BUCKET and abs(p99 - 1) <= P99,
        )


def _rate(window: Mapping[str, Any]) -> float:
    return float(window["requests"] / window["seconds"])


def _at(window: Mapping[str, Any], rank: float) -> float:
    return percentile(_latency(window), rank) or 0.0


def _raw(url: str) -> Finding:
    """Compare percentiles of added histograms with those of all response times of two load generators."""
    with create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    crew = Crew(0, 2, port=port, secret=token_urlsafe())
    with TemporaryDirectory() as folder, ExitStack() as started:
        logs = [Path(folder, name) for name in ("left", "right")]
        for log in logs:
            words = ("127.0.0.1", str(port), log.name, "remote", str(log))
            command = [*PYTHON, "loadtest.bench.odd_worker", *words]
            process, _ = started.enter_context(logged(command, {**os.environ, TOKEN: crew.secret}, subprocess.PIPE))
            assert process.stdin is not None
            print("come", file=process.stdin, flush=True)
        with generators(crew, _ignore) as lend, lend() as driver:
            driver.begin(Job("aiohttp", url, "delay", "200ms", 0.2))
            latency = _latency(driver.measure(LIGHT))
        every = sorted(float(time) for log in logs for time in log.read_text().split())
    pairs = [(percentile(latency, rank) or 0.0, every[int(rank * len(every))]) for rank in RANKS]
    worst = max(abs(ours / theirs - 1) for ours, theirs in pairs)
    told = ", ".join(
        f"p{rank * 100:g} {ours:g}/{theirs:.2f} ms" for rank, (ours, theirs) in zip(RANKS, pairs, strict=True)
    )
    return Finding(
        f"percentiles of 2 load generators / raw log of {len(every)} requests: {told}; worst difference {worst:.2%} "
        f"(aim: within {RAW:.1%})",
        met=worst <= RAW,
    )


def _carried() -> Finding:
    """Compare what one and two load generators carry of a service that costs almost nothing, on all cores."""
    rates, costs = {}, {}
    with _nginx() as url:
        for number in (1, 2):
            with generators(Crew(number), _ignore) as lend, lend() as driver:
                driver.begin(Job("nginx", url, "", "", 0.0, (Request("/"),)))
                windows = [driver.measure(HEAVY) for _ in range(3)]
            rates[number] = median(each["requests"] / each["seconds"] for each in windows)
            costs[number] = median(each["generator_cpu"] * each["seconds"] / each["requests"] for each in windows)
    ratio, by_cost = rates[2] / rates[1], 2 * costs[1] / costs[2]
    costly = " and ".join(f"{cost * 1e6:.0f}" for cost in costs.values())
    return Finding(
        f"against nginx, 1 load generator sends {rates[1]:.0f}/s, 2 send {rates[2]:.0f}/s on {int(usable_cores())} "
        f"cores, of which nginx needs a part: {ratio:.2f} times as much; by the CPU time of a request ({costly} µs), 2 "
        f"on cores of their own carry {by_cost:.2f} times as much (aim: at least {MORE})",
        met=by_cost >= MORE,
    )


@contextmanager
def _nginx() -> Iterator[str]:
    """Run nginx, which answers everything at once, and yield its address."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with TemporaryDirectory() as folder:
        settings = Path(folder, "nginx.conf")
        settings.write_text(NGINX.format(folder=folder, port=port))
        program = shutil.which("nginx")
        if program is None:
            raise ServiceFailed("There is no program 'nginx'.")
        with logged([program, "-p", folder, "-e", "stderr", "-c", str(settings)]):
            deadline = time.monotonic() + START_WITHIN
            while time.monotonic() < deadline:
                with suppress(OSError), create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"


def _latency(window: Mapping[str, Any]) -> dict[float, int]:
    return {float(bucket): count for bucket, count in window["latency"].items()}


def _ignore(_member: object) -> None:
    """Take no notice of a load generator that has come."""
