"""Fabricated findings of searches for capacity."""

from loadtest.results.capacity import Capacity, Probe


def capacity(passed: float | None, failed: float | None, *, resolved: bool = True, service: str = "flask") -> Capacity:
    return Capacity(
        service=service,
        predicted=100.0,
        passed=passed,
        failed=failed,
        bound="slots (3 of 3)",
        resolved=resolved,
        why="" if resolved else "the time was over",
        probes=[Probe(rate=90.0, windows=1, seconds=15.0, share=0.0, low=0.0, high=0.005, outcome="passed")],
    )
