"""Benchmark: which of 72 planted faults are found, at the right file and line, and of the right kind."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

from aiohttp import ClientSession

from loadtest.bench import Finding
from loadtest.processes.own import started
from loadtest.processes.service import running
from loadtest.results import stalls
from loadtest.verdict.stalls import found
from loadtest.watch.injection import LEAST, watching
from loadtest.watch.readings import Readings

from .faults import UPSTREAM, own_database
from .planted import faults
from .planted.cases import Case, cases, start

RATE, SECONDS = 8.0, 3.0
"""Requests per second and seconds of light load: loops are held for a third to a half of the time."""

ENOUGH = 0.9
"""The share of cases to be right."""

FILE = Path(faults.__file__).name

REPORTED_WITHIN = 2.0
"""Seconds within which a watched process reports what was before."""


def report() -> Iterator[Finding]:
    """Yield the findings on lines and on kinds. Each case starts a service of its own."""
    seen: dict[Case, list[stalls.Finding]] = {}
    with running(UPSTREAM) as upstream, own_database() as database:
        environment = {"UPSTREAM_URL": upstream.url, "DATABASE_URL": database.url}
        for case in cases():
            seen[case] = findings(case, environment)
    lines = {case: [each.site.where for each in told[:1] if each.site] for case, told in seen.items()}
    kinds = {case: [each.kind for each in told[:1]] for case, told in seen.items()}
    yield _finding("the right file and line", lines, {case: f"{FILE}:{case.line}" for case in seen})
    yield _finding("the right kind", kinds, {case: case.kind for case in seen})
    further = sum(len(told) > 1 for told in seen.values())
    yield Finding(f"{further} of {len(seen)} cases name a further line", met=True)


def _finding(what: str, told: dict[Case, list[str]], right: dict[Case, str]) -> Finding:
    wrong = [
        f"{case.framework} on {case.loop}, {case.path}: {', '.join(told[case]) or 'nothing'} instead of {right[case]}"
        for case in told
        if told[case] != [right[case]]
    ]
    count = len(told) - len(wrong)
    which = f": {'; '.join(wrong)}" if wrong else ""
    return Finding(
        f"{what} in {count} of {len(told)} cases (aim: at least {ENOUGH:.0%}){which}", met=count >= ENOUGH * len(told)
    )


def findings(case: Case, environment: dict[str, str]) -> list[stalls.Finding]:
    """Return what is found in the service of a case under light load, what held its loop the longest first."""
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
        return found(readings.loops, window, requests, LEAST).findings


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
