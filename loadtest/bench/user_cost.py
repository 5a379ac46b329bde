"""Benchmark: requests per second of generator CPU of the Locust profile, as a ratio to a bare FastHttpUser."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from backing.processes import PYTHON
from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.service import running

ROUNDS = 5
SECONDS = 4
AIM = 0.85
USERS = 20
"""The number of users, whose requests wait 10 ms: they keep the generator busy without saturating it."""


def report() -> Iterator[Finding]:
    """Yield one finding. The profile and the bare user take turns."""
    service = Service("aiohttp", "async_app", UVLOOP_WORKER, workers=1, threads=32)
    with running(service) as server:
        rounds = [[_in_a_process(kind, server.url) for kind in ("profile", "bare")] for _ in range(ROUNDS)]
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    ratio = median(ours / theirs for ours, theirs in rounds)
    yield Finding(
        f"Locust profile: {ours:.0f} requests per second of generator CPU, bare FastHttpUser: {theirs:.0f}; "
        f"median ratio of {ROUNDS} rounds: {ratio:.2f} (aim: at least {AIM})",
        met=ratio >= AIM,
    )


def _in_a_process(kind: str, url: str) -> float:
    """Measure one kind of user in a fresh process, because importing Locust patches the standard library."""
    command = [*PYTHON, "loadtest.bench.user_cost", kind, url]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _requests_per_cpu_second(kind: str, url: str) -> float:
    import time  # noqa: PLC0415 - only in the fresh process

    import gevent  # noqa: PLC0415
    from locust import FastHttpUser, task  # noqa: PLC0415
    from locust.env import Environment  # noqa: PLC0415

    from loadtest.generator import latency_buckets  # noqa: PLC0415
    from loadtest.generator.users import TwinUser  # noqa: PLC0415

    class Bare(FastHttpUser):
        @task
        def get(self) -> None:
            self.client.get("/delay/10ms")

    if kind == "profile":
        latency_buckets.install()
    base = TwinUser if kind == "profile" else Bare
    options = argparse.Namespace(delay="10ms", think=0.0, stagger=0.01)
    environment = Environment(
        user_classes=[type("User", (base,), {"host": url, "service": "aiohttp"})],
        tags=["delay"] if kind == "profile" else None,
        parsed_options=options,
    )
    runner = environment.create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(1)
    requests, cpu = environment.stats.total.num_requests, time.process_time()
    gevent.sleep(SECONDS)
    done = environment.stats.total.num_requests - requests
    spent = time.process_time() - cpu
    runner.quit()
    return done / spent


if __name__ == "__main__":
    sys.stdout.write(f"{_requests_per_cpu_second(sys.argv[1], sys.argv[2])}\n")
