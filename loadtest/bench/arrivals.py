"""Benchmark: punctual arrivals, a freeze that shows, latencies and backlogs as replayed, and goodput in overload."""

import subprocess
import sys
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from loadtest.bench import Finding
from loadtest.contenders.cores import halves
from loadtest.contenders.service import lineup
from loadtest.generator.driver import generator
from loadtest.generator.orders import Job, Order
from loadtest.processes.affinity import confined
from loadtest.processes.service import running
from loadtest.results.arrivals import Arrived
from loadtest.results.histogram import percentile
from loadtest.results.schema import FILE, Results, load
from loadtest.verdict.aggregate import Row, rows
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

PUNCTUAL = Open(1000)
LATE, GENERATOR = 3.0, 0.5
"""Aims at this load: own lateness (99th percentile) in milliseconds, and cores of the load generator."""

FREEZE, WINDOW = 2.0, 20.0
"""Seconds for which the service is stopped, and of the window around it."""

EVENLY = Open(100, arrivals="even")
USERS = Closed(10, think=0.078)
"""Loads of the same mean rate, on a service that takes about 22 ms."""

ADDED = {0.95: 1000.0, 0.99: 1800.0}
"""Milliseconds that a freeze adds by rank: a tenth of the arrivals waits between 0 and 2 s, all equally often."""

ALIKE, CLOSE, SLOPE = 0.05, 5.0, 0.03
"""Aims: latencies within this share or these milliseconds of the prediction, and backlog slopes within this share."""

KEPT, WASTED = 0.95, 0.3
"""Aims for goodput in overload, as a share of the capacity: at least, if refused early, and at most, if not."""


class Trial(NamedTuple):
    """A comparison of a service with its prediction: below its knee, at nine tenths of it, and above it."""

    service: str
    scenario: str
    rates: str
    seconds: int


TRIALS = (
    Trial("flask", "delay", "9,10.8,14.4", 60),
    Trial("flask-threads", "delay", "64,115,154", 10),
    Trial("aiohttp", "delay", "100,500", 6),
    Trial("flask", "query", "9,10.8,14.4", 60),
    Trial("flask-threads", "query", "20,36,48", 30),
    Trial("aiohttp", "query", "20,36,48", 30),
)
"""All with a wait of 250 ms and the sizes for one core: 3 slots, 32 slots, pools of 10."""


def report() -> Iterator[Finding]:
    """Yield the findings. Needs two cores; takes about fifteen minutes."""
    yield _punctual()
    yield from _freeze()
    for trial in TRIALS:
        yield from _replayed(trial)
    yield from _overload()


def _punctual() -> Finding:
    window = _run("aiohttp", "20ms", PUNCTUAL, 0.0)
    arrived = Arrived(**window["arrivals"])
    moments = PUNCTUAL.schedule(1)
    expected = sum(0.5 <= next(moments) < 0.5 + WINDOW for _ in range(int(2 * WINDOW * PUNCTUAL.rate)))
    late, used = percentile(arrived.late_ms, 0.99) or 0.0, window["generator_cpu"]
    return Finding(
        f"{PUNCTUAL.label}: {arrived.offered} arrivals of {expected} in the schedule, {arrived.early} early, own "
        f"lateness p99 {late:.1f} ms (aim: {LATE:g}), {used:.2f} cores used (aim: under {GENERATOR:g})",
        met=arrived.offered == expected and not arrived.early and late <= LATE and used < GENERATOR,
    )


def _freeze() -> Iterator[Finding]:
    """Stop a service for a while under an open and a closed load, and compare what each sees of that."""
    for what, asked in (("arrivals", EVENLY), ("users", USERS)):
        latency = {float(key): number for key, number in _run("aiohttp", "20ms", asked, FREEZE)["latency"].items()}
        base = percentile(latency, 0.5) or 0.0
        added = {rank: (percentile(latency, rank) or 0.0) - base for rank in ADDED}
        told = ", ".join(
            f"p{rank * 100:.0f} {added[rank] / 1000:.2f} s (theory {ADDED[rank] / 1000:.2f})" for rank in ADDED
        )
        seen = all(abs(added[rank] / ADDED[rank] - 1) <= ALIKE for rank in ADDED)
        yield Finding(
            f"a freeze of {FREEZE:g} s in {WINDOW:g} s at 100 requests/s, {asked.label}: added latency {told}"
            + ("" if what == "arrivals" else ": the closed load must miss it"),
            met=seen == (what == "arrivals"),
        )


def _run(name: str, delay: str, asked: Load, freeze: float) -> dict[str, Any]:
    """Return the measurements of one window, during which the service is stopped for `freeze` seconds."""
    cores = halves()
    service = lineup(cores.usable)[name]
    with confined(cores.others), generator() as driver, running(service, cores=cores.service) as server:
        driver.begin(Job(name, server.url, "delay", delay, float(delay.removesuffix("ms")) / 1000))
        order = Order(asked, 0.5, WINDOW, 10.0)
        driver.open(order)
        if freeze:
            time.sleep(WINDOW / 4)
            server.freeze(freeze)
        driver.close(order)
        return driver.result(order)


def _replayed(trial: Trial) -> Iterator[Finding]:
    results = _compared(
        *("--services", trial.service, "--scenario", trial.scenario, "--rate", trial.rates),
        *("--seconds", str(trial.seconds)),
    )
    for row in rows(results):
        at = f"{trial.service}, {trial.scenario}, {row.load.label}"
        if row.diverges:
            slope, expected = row.slope or 0.0, row.slope_foretold or 0.0
            yield Finding(
                f"{at}: the backlog grows by {slope:.2f}/s, predicted {expected:.2f}/s (aim: within {SLOPE:.0%})"
                f"{_doubt(row)}",
                met=abs(slope / expected - 1) <= SLOPE,
            )
            continue
        pairs = {rank: (row.percentile(rank) or inf, row.foretold(rank) or inf) for rank in (0.5, 0.99)}
        told = ", ".join(
            f"p{rank * 100:.0f} {seen:.0f} ms, predicted {known:.0f}" for rank, (seen, known) in pairs.items()
        )
        yield Finding(
            f"{at}: {told} (aim: within {ALIKE:.0%} or {CLOSE:g} ms){_doubt(row)}",
            met=all(abs(seen - known) <= max(CLOSE, ALIKE * known) for seen, known in pairs.values()),
        )


def _doubt(row: Row) -> str:
    return f"; inconclusive: {'; '.join(row.doubts)}" if row.doubts else ""


def _overload() -> Iterator[Finding]:
    """Compare goodput at 1.5 times the capacity with a limit that refuses early, with one that cannot, and without."""
    plain, early, useless = (
        "flask-threads:threads=96",
        "flask-threads:threads=96:max-in-flight=64",
        "flask-threads:threads=64:max-in-flight=64",
    )
    for service, slots in ((plain, 96), (early, 64), (useless, 64)):
        rate = 1.5 * slots / 0.25
        results = _compared("--services", service, "--rate", f"{rate:g}", "--deadline", "1s", "--seconds", "15")
        (row,) = rows(results)
        share = (row.goodput or 0.0) / (slots / 0.25)
        met = share >= KEPT if service == early else share < WASTED
        aim = f"at least {KEPT:g}" if service == early else f"below {WASTED:g}"
        yield Finding(
            f"{service} at {rate:g} arrivals/s, 1.5 times its capacity: goodput within 1 s is {share:.2f} of the "
            f"capacity (aim: {aim}){_doubt(row)}",
            met=met,
        )


def _compared(*options: str) -> Results:
    command = [str(Path(sys.executable).with_name("sync-vs-async")), "compare", "--delay", "250ms", "--repeats", "1"]
    with TemporaryDirectory() as folder:
        subprocess.run([*command, *options, "--out", folder], stdout=subprocess.DEVNULL, check=False)
        return load(Path(folder, "latest", FILE))
