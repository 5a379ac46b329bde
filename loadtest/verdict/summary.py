"""The summary of a run for scripts: plain values with their units in their names, None where unknown."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from loadtest.results.capacity import Capacity
from loadtest.results.schema import Results

from . import capacities, pairs
from .aggregate import Row, rows
from .before_after import Change
from .comparison import conclusive, verdict
from .gate import judged


def summary(results: Results) -> dict[str, Any]:
    """Return the verdict, the figures of each service under each load, and the answers to requirements."""
    table = rows(results)
    if results.options.objectives:
        headline, sentences = capacities.headline(results), capacities.sentences(results)
    else:
        found = verdict(results, table)
        headline, sentences = found.headline, found.sentences
    return {
        "scenario": results.options.scenario,
        "started": results.started.isoformat(),
        "complete": results.complete,
        "conclusive": conclusive(results, table),
        "headline": headline,
        "verdict": sentences,
        "steps": [_step(row) for row in table],
        "pairs": [_pair(each) for each in pairs.differences(results)],
        "capacities": [_capacity(each) for each in results.capacities],
        "requirements": [
            {
                "requirement": each.requirement.text,
                "service": each.service,
                "load": each.load.amount if each.load else None,
                "finding": str(each.finding),
                "why": each.why,
            }
            for each in judged(results)
        ],
    }


def _step(row: Row) -> dict[str, Any]:
    run = bool(row.windows)
    return {
        "service": row.service,
        "load": row.load.amount,
        "unit": row.load.unit,
        "run": run,
        "conclusive": row.holds,
        "doubts": row.doubts,
        "bound": row.bound,
        "throughput_per_s": _finite(row.throughput) if run else None,
        "predicted_per_s": _finite(row.predicted.throughput) if row.predicted else None,
        "ratio": _finite(row.ratio) if run else None,
        **{f"p{rank * 100:.0f}_ms": _finite(row.percentile(rank)) for rank in (0.5, 0.9, 0.99)},
        **{f"predicted_p{rank * 100:.0f}_ms": _finite(row.foretold(rank)) for rank in (0.5, 0.9, 0.99)},
        "requests": row.requests,
        "failures": row.failures,
        "errors": row.errors,
        "cpu_us_per_request": _finite(row.cpu_per_request) if run else None,
        "memory_bytes": row.memory,
    }


def changed(found: Sequence[Change]) -> list[dict[str, Any]]:
    """Return how two runs differ, a figure of a service under a load each."""
    return [
        {
            "service": each.after.service,
            "load": each.after.load.amount,
            "figure": each.figure,
            "before": _finite(each.values[0]),
            "after": _finite(each.values[1]),
            "ratio": _finite(each.ratio),
            "low": _finite(each.range[0]) if each.range else None,
            "high": _finite(each.range[1]) if each.range else None,
            "says": each.says,
        }
        for each in found
    ]


def _pair(each: pairs.Difference) -> dict[str, Any]:
    return {
        "before": each.pairing.before,
        "after": each.pairing.after,
        "load": each.load.amount,
        "figure": each.figure,
        "ratio": _finite(each.ratio),
        "low": _finite(each.interval.low) if each.interval else None,
        "high": _finite(each.interval.high) if each.interval else None,
        "pairs": len(each.ratios),
        "says": each.says,
    }


def _capacity(each: Capacity) -> dict[str, Any]:
    return {
        "service": each.service,
        "passed_per_s": each.passed,
        "failed_per_s": each.failed,
        "predicted_per_s": each.predicted,
        "resolved": each.resolved,
        "bound": each.bound,
        "why": each.why,
    }


def _finite(figure: float | None) -> float | None:
    """Return a figure, or None for that of requests that were lost: JSON has no infinity."""
    return figure if figure is not None and isfinite(figure) else None
