"""Add what the load generators of a step have measured: each its own window, by its own clock."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

from loadtest.results.exchange import FIRST

from .parts import Part, fewer

SUMS = ("requests", "failures", "response_ms", "unfinished", "generator_cpu")

ARRIVED = ("offered", "lost", "spent_ms", "waited", "early", "clients", "in_flight", "edges", "slope")
"""The figures of arrivals that are added."""

HISTOGRAMS = ("service_ms", "late_ms")

TOLD = (
    *("name", "host", "local", "users", "seconds", "requests", "failures", "response_ms"),
    *("latency", "stalled", "throttled", "busy", "opened", "closed"),
)
"""The figures that are kept of each of several load generators."""


def joined(windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the measurements of all load generators, by their names in Measured.

    `windows`: what each measured, at least one. Counts and histograms are added, and so are rates, because a generator
    whose window holds one turn more than another's is no faster for it: the length of the joint window is such that
    its rate of requests is the sum of theirs.
    """
    sums = {name: sum(each[name] for each in windows) for name in SUMS}
    rate = sum(each["requests"] / each["seconds"] for each in windows)
    kinds = {name: Part.joined(parts) for name, parts in _by_name(each["parts"] for each in windows).items()}
    return {
        **sums,
        "seconds": sums["requests"] / rate if rate else mean(each["seconds"] for each in windows),
        "latency": _added(each["latency"] for each in windows),
        "good": [sum(good) for good in zip(*(each["good"] for each in windows), strict=True)],
        "errors": fewer(_added(each["errors"] for each in windows), sum, int),
        "service_times": _added(each["service_times"] for each in windows),
        "resent": _sum_of_known(each["resent"] for each in windows),
        "reconnected": _sum_of_known(each["reconnected"] for each in windows),
        "course": _course([each["course"] for each in windows]),
        "first": _first(windows),
        "parts": _parts(kinds),
        "turns": _turns([each["turns"] for each in windows if each.get("turns")]),
        "arrivals": joined_arrivals([each["arrivals"] for each in windows if each.get("arrivals")]),
    }


def told(windows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the part of each of several load generators, by the names in GeneratorWindow."""
    return [
        {
            **{name: each[name] for name in TOLD},
            "share": {"place": each["place"], "of": each["of"]},
            "cpu": each["generator_cpu"],
            "arrivals": joined_arrivals([each["arrivals"]] if each.get("arrivals") else []),
        }
        for each in windows
    ]


def _added(counts: Iterable[Mapping[Any, Any]]) -> dict[Any, Any]:
    total = Counter[Any]()
    for each in counts:
        total.update(each)
    return dict(total)


def _sum_of_known(numbers: Iterable[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if known else None


def _course(courses: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the slices of all windows: those of the same number lie side by side."""
    return [
        {
            "seconds": mean(each["seconds"] for each in slices),
            "requests": sum(each["requests"] for each in slices),
            "response_ms": sum(each["response_ms"] for each in slices),
        }
        for slices in zip(*courses, strict=True)
    ]


def _first(windows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the first requests in the order of sending; of an open load at most FIRST of them."""
    every = sorted((exchange for each in windows for exchange in each["first"]), key=lambda exchange: exchange[0])
    return every[:FIRST] if windows[0].get("arrivals") else every


def _by_name(parts: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for each in parts:
        for name, part in each.items():
            found.setdefault(name, []).append(Part(**part))
    return found


def _parts(kinds: Mapping[str, Part]) -> dict[str, Any]:
    """Return the requests by name, if there are several."""
    if len(kinds) < 2:
        return {}
    return {name: part._asdict() for name, part in fewer(kinds, Part.joined, lambda part: part.requests).items()}


def _turns(turns: Sequence[Mapping[str, float]]) -> dict[str, float] | None:
    return _added(turns) if turns else None


def joined_arrivals(arrivals: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the arrivals of all load generators, by their names in Arrived; None without any."""
    if not arrivals:
        return None
    latencies = sorted((latency for each in arrivals for latency in each["latencies"]), key=lambda latency: latency[0])
    return {
        "seconds": arrivals[0]["seconds"],
        **{name: sum(each[name] for each in arrivals) for name in ARRIVED},
        **{name: _added(each[name] for each in arrivals) for name in HISTOGRAMS},
        "shares": sorted(_added(each["shares"] for each in arrivals).values(), reverse=True),
        "latencies": [latency for _, latency in latencies],
    }
