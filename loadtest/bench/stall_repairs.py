"""Benchmark: what the repair of a blocking call in a thread is predicted to bring, beside what it brings."""

from collections.abc import Iterator

from loadtest.bench import Finding
from loadtest.contenders.cores import halves
from loadtest.contenders.request import Request
from loadtest.contenders.target import Target
from loadtest.measure.stalls import Repaired, StallSearch
from loadtest.processes.service import running
from loadtest.results.schema import Options
from loadtest.results.stalls import Stalls
from loadtest.verdict.repair import THREAD
from loadtest.workload.open import Open
from loadtest.workload.scenarios import OWN

from .faults import UPSTREAM, own_database
from .own import Silent
from .planted import faults
from .planted.aiohttp_app import IN_A_THREAD, THREADS
from .planted.cases import start

FAULTS = (faults.time_sleep, faults.http_client, faults.database_driver, faults.key_derivation, faults.password_hash)

UNPREDICTED = faults.password_hash
"""The fault without an aim. scrypt takes 16 MiB for each call, and the model does not know that several of them at once
push each other out of the caches."""

SECONDS, TURNS = 8.0, 3

CLOSE = 0.1
"""The largest difference of the measured rate from the predicted one, as a share of that."""


def report() -> Iterator[Finding]:
    """Yield a finding for each fault, in aiohttp on uvloop."""
    with running(UPSTREAM) as upstream, own_database() as database:
        environment = {"UPSTREAM_URL": upstream.url, "DATABASE_URL": database.url}
        for fault in FAULTS:
            found = _searched(fault.__name__, environment)
            doubts = f"; inconclusive: {'; '.join(found.doubts)}" if found.doubts else ""
            repair = next((each for each in found.repairs if each.way == THREAD and each.measured is not None), None)
            if repair is None or repair.measured is None:
                yield Finding(f"{fault.__name__} was not found{doubts}", met=False)
                continue
            aim = "no aim" if fault is UNPREDICTED else f"aim: within {CLOSE:.0%}"
            ratio = repair.measured / repair.predicted
            yield Finding(
                f"{fault.__name__} in {THREADS} threads: {repair.predicted:.1f}/s predicted, {repair.measured:.1f} "
                f"measured: ratio {ratio:.2f} ({aim}), bound by {repair.bound}{doubts}",
                met=fault is UNPREDICTED or abs(ratio - 1) <= CLOSE,
            )


def _searched(name: str, environment: dict[str, str]) -> Stalls:
    started = start("aiohttp", "uvloop", environment)
    careless, repaired = (
        Target(what, "", (Request(path),), start=started)
        for what, path in ((name, f"/{name}"), (f"{name} in a thread", f"{IN_A_THREAD}/{name}"))
    )
    options = Options(scenario=OWN, loads=[Open(1.0)], delay="", wait=0.04, seconds=SECONDS, repeats=TURNS)
    search = StallSearch([careless], options, [], halves(), Repaired(repaired, OWN), threads=THREADS)
    search.run(Silent())
    (found,) = search.results(complete=True).stalls
    return found
