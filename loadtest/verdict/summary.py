"""The summary of a run for scripts: plain values with their units in their names, None where unknown."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from loadtest.results.capacity import Capacity
from loadtest.results.schema import Results
from loadtest.results.stalls import Finding, Stalls
from loadtest.watch.sites import Site

from . import capacities, held, pairs
from .aggregate import Row, rows
from .before_after import Change
from .comparison import conclusive, verdict
from .gate import judged


def summary(results: Results) -> dict[str, Any]:
    """Return the verdict, the figures of each service under each load, and the answers to requirements."""
    table = rows(results)
    if results.stalls:
        headline, sentences = held.headline(results), held.sentences(results)
    elif results.options.objectives:
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
        "stalls": [_stalls(each) for each in results.stalls],
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


def _stalls(each: Stalls) -> dict[str, Any]:
    """Return what held the loops of a service, without the single stretches."""
    return {
        "service": each.service,
        "rate_per_s": each.rate,
        "seconds": each.seconds,
        "requests": each.requests,
        "least_ms": each.least_ms,
        "conclusive": not held.doubts(each),
        "doubts": held.doubts(each),
        "rate_doubts": held.rate_doubts(each),
        "loops": len(each.loops),
        "held_share": held.held(each),
        "findings": [_finding(one) for one in each.findings],
        "rare": [_finding(one) for one in each.rare],
        "not_scheduled_ms": each.not_scheduled_ms,
        "alone_ms": each.alone_ms,
        "response_ms": each.response_ms,
        "waiting": [{**_site(one.site), "share": one.share} for one in each.waiting],
        "repairs": [
            {
                "finding": one.finding,
                "way": one.way,
                "predicted_per_s": one.predicted,
                "measured_per_s": one.measured,
                "bound": one.bound,
                "assumes": one.assumes,
            }
            for one in each.repairs
        ],
        "spotted": [
            {"checker": one.tool, **_site(one.site), "says": one.said, "seen": one.seen} for one in each.spotted
        ],
    }


def _finding(each: Finding) -> dict[str, Any]:
    return {
        "kind": each.kind,
        **_site(each.site),
        "routes": each.routes,
        "times": each.times,
        "p50_ms": each.p50_ms,
        "worst_ms": each.worst_ms,
        "ms_per_request": each.request_ms,
        "share": each.share,
    }


def _site(site: Site | None) -> dict[str, Any]:
    if site is None:
        return dict.fromkeys(("file", "line", "function", "call"))
    return {"file": site.file, "line": site.line, "function": site.function, "call": site.call or None}


def _finite(figure: float | None) -> float | None:
    """Return a figure, or None for that of requests that were lost: JSON has no infinity."""
    return figure if figure is not None and isfinite(figure) else None
