"""Fabricated findings of searches for capacity, and a search that is shorter than those of users."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.results.capacity import Capacity, Fate, Probe
from loadtest.results.schema import Results
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import calibration, contender, open_step, options, results

SHORTER = """
import sys
import loadtest.cli.capacity as command
import loadtest.measure.capacity as measure
import loadtest.measure.search as search
from loadtest.cli.main import main
command.QUICK_BUDGET, measure.AROUND, measure.REPLAYED = float(sys.argv.pop(1)), 2.0, 4000
search.SHORTEST = search.LONGEST = 1.0
search.DEADLINES = 1
main()
"""
"""A program like sync-vs-async whose searches have windows of 1 s, and whose first argument is their longest time."""


def capacity(passed: float | None, failed: float | None, *, resolved: bool = True, service: str = "flask") -> Capacity:
    return Capacity(
        service=service,
        predicted=100.0,
        passed=passed,
        failed=failed,
        bound="slots (3 of 3)",
        resolved=resolved,
        why="" if resolved else "the time was over",
        probes=[probe(90.0, "passed", 0.0, 0.0, 0.005).model_copy(update={"windows": 1, "seconds": 15.0})],
    )


def probe(rate: float, outcome: Fate, share: float, low: float, high: float) -> Probe:
    return Probe(
        rate=rate, windows=2, seconds=30.0, objective="p99<500ms", share=share, low=low, high=high, outcome=outcome
    )


def searched(probes: Mapping[str, Sequence[Probe]], objectives: Sequence[str] = ("p99<500ms",)) -> Results:
    """Return a run that searched for the capacity of these services. Their bounds follow from their probes."""
    found = []
    for name, tried in probes.items():
        passed = max((each.rate for each in tried if each.outcome == "passed"), default=None)
        failed = min((each.rate for each in tried if each.outcome == "failed"), default=None)
        known = capacity(passed, failed, resolved=bool(passed and failed), service=name)
        found.append(known.model_copy(update={"probes": list(tried)}))
    run = results([open_step(name, Open(each.rate)) for name, tried in probes.items() for each in tried[:1]])
    return run.model_copy(
        update={
            "options": options(loads=[Open(1.0)], objectives=[*objectives], deadlines=[0.5]),
            "contenders": [contender(name, calibration=calibration()) for name in probes],
            "capacities": found,
        }
    )


def shorter(out: Path, *arguments: str, budget: float = 8.0) -> list[str]:
    """Return the command of a search of at most `budget` seconds, whose results are written into `out`."""
    return [sys.executable, "-c", SHORTER, str(budget), "capacity", "--quick", "--out", str(out), *arguments]
