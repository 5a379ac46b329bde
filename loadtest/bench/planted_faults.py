"""Benchmark: which of 72 planted faults are found, at the right file and line, and of the right kind."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aiohttp import ClientSession

from loadtest.bench import Finding
from loadtest.processes.own import started
from loadtest.processes.service import running
from loadtest.results import stalls
from loadtest.verdict.stalls import Found, found
from loadtest.watch.injection import LEAST, watching
from loadtest.watch.readings import Readings

from .faults import UPSTREAM, own_database
from .planted import faults
from .planted.cases import Case, cases, start

RATE, SECONDS = 8.0, 3.0
"""Requests per second and seconds of light load: loops are held for a third to a half of the time."""

ENOUGH = 0.9
"""The share of cases to be right."""

DELAYED = 0.1
"""Share of a window for which a loop may have waited for a core. A try with more is repeated."""

TRIES, REPEATED_WITHIN = 3, 420.0
"""The most tries of a case, and seconds from the start of the benchmark on after which none is repeated."""

REPORTED_WITHIN = 2.0
"""Seconds within which a watched process reports what was before."""


def report() -> Iterator[Finding]:
    """Yield the findings on lines, kinds and routes. Each case starts a service of its own."""
    with running(UPSTREAM) as upstream, own_database() as database:
        environment = {"UPSTREAM_URL": upstream.url, "DATABASE_URL": database.url}
        until = time.monotonic() + REPEATED_WITHIN
        seen = {case: tried(case, environment, until) for case in cases()}
    file = Path(faults.__file__).name
    yield _right("file and line", seen, _line, lambda case: f"{file}:{case.line}")
    yield _right("kind", seen, lambda each: each.kind, lambda case: case.kind)
    yield _right("route", seen, lambda each: ", ".join(each.routes), lambda case: f"GET {case.path}")
    more = [f"{case.named}: {_second(each)}" for case, each in seen.items() if each.findings[1:]]
    yield Finding(f"a second line is named in {len(more)} of {len(seen)} cases{_listed(more)}", met=True)


def _line(told: stalls.Finding) -> str | None:
    return told.site.where if told.site else None


def _right(
    what: str,
    seen: dict[Case, Found],
    told: Callable[[stalls.Finding], str | None],
    right: Callable[[Case], str],
) -> Finding:
    """Return the finding on what is told of the line that held the loop the longest."""
    first = {case: told(each.findings[0]) if each.findings else None for case, each in seen.items()}
    wrong = [
        f"{case.named}: {first[case] or 'none'} instead of {right(case)}{_excuse(each)}"
        for case, each in seen.items()
        if first[case] != right(case)
    ]
    count = len(seen) - len(wrong)
    return Finding(
        f"the right {what} in {count} of {len(seen)} cases (aim: at least {ENOUGH:.0%}){_listed(wrong)}",
        met=count >= ENOUGH * len(seen),
    )


def _excuse(told: Found) -> str:
    delayed = _delayed(told)
    return f" (its loop waited for a core for {delayed:.0%} of the time)" if delayed > DELAYED else ""


def _second(told: Found) -> str:
    second = told.findings[1]
    return f"{second.kind}, {_line(second) or 'no line'}, {second.share:.1%} of the time"


def _listed(sentences: list[str]) -> str:
    return f": {'; '.join(sentences)}" if sentences else ""


def tried(case: Case, environment: dict[str, str], until: float) -> Found:
    """Return what is found in the service of a case under light load.

    A try in which the machine ran something else is repeated before the moment `until`. The last one counts.
    """
    for _ in range(TRIES):
        told = _tried(case, environment)
        if _delayed(told) <= DELAYED or time.monotonic() > until:
            break
    return told


def _delayed(told: Found) -> float:
    return max((each.delayed for each in told.loops), default=0.0)


def _tried(case: Case, environment: dict[str, str]) -> Found:
    service = start(case.framework, case.loop, environment)
    with watching() as watch:
        readings = Readings(watch.folder, service.folder)
        further = watch.environment({**os.environ, **service.environment})
        with started(case.framework, service, further=further) as server:
            began = time.perf_counter()
            requests = asyncio.run(_load(f"{server.url}{case.path}"))
            window = began, time.perf_counter()
            while not _reported(readings, window[1]):
                time.sleep(0.05)
        loops = [each for each in readings.loops if each.clocks and each.clocks[-1].moment >= window[1]]
        return found(loops, window, requests, LEAST)


def _reported(readings: Readings, until: float) -> bool:
    """Return True if the loops have reported all before a moment, or do not report it in time."""
    readings.update()
    clocks = [loop.clocks[-1].moment for loop in readings.loops if loop.clocks]
    return max(clocks, default=0.0) > until or time.perf_counter() > until + REPORTED_WITHIN


async def _load(url: str) -> int:
    """Send requests at an even rate, and return their number. Raises ClientError if one fails."""
    async with ClientSession(raise_for_status=True) as session:

        async def ask(delay: float) -> None:
            await asyncio.sleep(delay)
            async with session.get(url) as response:
                await response.read()

        delays = [number / RATE for number in range(int(RATE * SECONDS))]
        await asyncio.gather(*map(ask, delays))
        return len(delays)
