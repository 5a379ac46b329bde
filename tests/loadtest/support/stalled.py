"""Fabricated runs that watched event loops."""

from collections.abc import Sequence
from typing import Any

from loadtest.results.schema import Results
from loadtest.results.stalls import BLOCKING, COMPUTING, NOT_SCHEDULED, Finding, Repair, Stalls, Stretch, WatchedLoop
from loadtest.watch.sites import Site
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import open_step, options, results

RATE, SECONDS = 20.0, 10.0
"""Arrivals per second of a fabricated run, and the length of its window."""

HELD = 0.041
"""Seconds for which each request of a fabricated run holds the loop."""

CALL = Site("shop/app.py", 57, "stock", "requests.get")
SUMS = Site("shop/prices.py", 8, "total")


def finding(site: Site | None = CALL, **changes: Any) -> Finding:
    """Return a blocking call of each request, unless `changes` differ."""
    known = Finding(
        kind=BLOCKING,
        site=site,
        routes={"GET /stock": 200},
        times=200,
        p50_ms=41.0,
        worst_ms=45.2,
        request_ms=41.0,
        share=0.82,
        cpu=0.01,
        releases_lock=True,
    )
    return known.model_copy(update=changes)


def computing(**changes: Any) -> Finding:
    """Return a line that computes for every tenth request."""
    tenth = {"kind": COMPUTING, "routes": {"GET /total": 20}, "times": 20, "request_ms": 1.5, "share": 0.03}
    return finding(SUMS, **{**tenth, "p50_ms": 15.0, "worst_ms": 16.1, "cpu": 1.0, "releases_lock": False, **changes})


def loop(process: int = 4711, stretches: Sequence[Stretch] | None = None) -> WatchedLoop:
    """Return a loop that each request of one process holds, and that the machine did not run for 0.1 s."""
    if stretches is None:
        held = [Stretch(begin=at / RATE, end=at / RATE + HELD, what="0") for at in range(int(RATE * SECONDS))]
        stretches = [*held, Stretch(begin=4.992, end=5.0, what=NOT_SCHEDULED)]
    return WatchedLoop(
        process=process, made_of="uvloop on Python 3.11", busy=0.83, cpu=0.02, delayed=0.0, stretches=[*stretches]
    )


AS_IT_IS = Repair(
    finding=None,
    way="as it is",
    predicted=24.4,
    bound="the event loop",
    assumes="As in the window, a request holds the event loop 41 ms and costs 2.00 ms of CPU time.",
    measured=23.6,
)  # 1 / HELD
THREADS = Repair(
    finding=0,
    way="in a thread",
    predicted=780.0,
    bound="the threads",
    assumes="32 threads, each held 41 ms; a hand-over costs 0.1 ms.",
)
AWAITED = Repair(
    finding=0,
    way="awaited",
    predicted=400.0,
    bound="the pool",
    assumes="16 connections, each held 40 ms.",
    measured=390.0,
)


def stalls(service: str = "shop", **changes: Any) -> Stalls:
    """Return one blocking call that holds the only loop, with two repairs, unless `changes` differ."""
    known = Stalls(
        service=service,
        rate=RATE,
        seconds=SECONDS,
        requests=200,
        least_ms=10.0,
        loops=[loop()],
        findings=[finding()],
        rare=[],
        not_scheduled_ms=0.0,
        waiting=[],
        alone_ms=42.0,
        response_ms=61.0,
        repairs=[AS_IT_IS, THREADS, AWAITED],
        spotted=[],
        doubts=[],
    )
    return known.model_copy(update=changes)


def clean(service: str = "shop", **changes: Any) -> Stalls:
    """Return that nothing held the loop."""
    free = loop(stretches=[]).model_copy(update={"busy": 0.03})
    return stalls(service, **{"findings": [], "repairs": [], "loops": [free], **changes})


def watched(*found: Stalls, **changes: Any) -> Results:
    """Return a run that watched these services, each under one open load. `changes`: of its options."""
    run = results([open_step(each.service, Open(RATE)) for each in found])
    asked = options(loads=[Open(RATE)], **changes)
    return run.model_copy(update={"options": asked, "stalls": [*found], "command": ["sync-vs-async", "stalls"]})
