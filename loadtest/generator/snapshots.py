"""Snapshots of what a load generator has counted, and what has grown between two of them."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from locust.stats import RequestStats, StatsEntry

from . import own_users
from .connections import Tally
from .orders import MEASURED, Job
from .own_users import OwnUsers, Spent
from .parts import Part, fewer, grown
from .witness import Witness


@dataclass(frozen=True)
class Statistics:
    """A snapshot of Locust's statistics.

    `clock` and `process_cpu` are in seconds. `latency` maps response times in milliseconds to numbers of requests.
    """

    clock: float
    process_cpu: float
    requests: int
    failures: int
    response_ms: float
    latency: Mapping[float, int]
    errors: dict[str, int]
    service_times: Mapping[str, float]
    good: list[int]
    resent: int
    reconnected: int
    parts: Mapping[str, Part]
    spent: Spent | None


class Snapshots:
    """The counts of one load generator. `own`: the users of a locustfile, or None."""

    def __init__(self, job: Job, stats: RequestStats, witness: Witness, tally: Tally, own: OwnUsers | None) -> None:
        self._job, self._stats, self._witness, self._tally, self._own = job, stats, witness, tally, own

    def between(self, opened: Statistics, moments: Sequence[Statistics]) -> dict[str, Any]:
        """Return what has grown from the opening of a window until the last of some moments."""
        closed = moments[-1]
        return {
            "event": MEASURED,
            "seconds": closed.clock - opened.clock,
            "requests": closed.requests - opened.requests,
            "failures": closed.failures - opened.failures,
            "response_ms": closed.response_ms - opened.response_ms,
            "errors": fewer(grown(opened.errors, closed.errors), sum, int),
            "service_times": {name: told - opened.service_times[name] for name, told in closed.service_times.items()},
            # the clients of a locustfile's users do both unseen
            "resent": None if self._own else closed.resent - opened.resent,
            "reconnected": None if self._own else closed.reconnected - opened.reconnected,
            "course": [
                {
                    "seconds": end.clock - begin.clock,
                    "requests": end.requests - begin.requests,
                    "response_ms": end.response_ms - begin.response_ms,
                }
                for begin, end in pairwise(moments)
            ],
            "first": self._witness.first(),
            "generator_cpu": (closed.process_cpu - opened.process_cpu) / (closed.clock - opened.clock),
        }

    def whole(self) -> Statistics:
        """Return the statistics with those of each request."""
        return replace(self.take(), parts=self._parts())

    def take(self) -> Statistics:
        """Return the statistics without those of each request."""
        total = self._stats.total
        raised = sum(self._own.raised.values()) if self._own else 0
        return Statistics(
            clock=time.perf_counter(),
            process_cpu=time.process_time(),
            requests=total.num_requests + raised,
            failures=total.num_failures + raised,
            response_ms=total.total_response_time,
            latency={float(bucket): count for bucket, count in total.response_times.items()},
            errors=self._errors(),
            service_times=dict(self._witness.sums),
            good=[*self._witness.good],
            resent=self._tally.resent,
            reconnected=self._tally.reconnected,
            parts={},
            spent=self._own.spent() if self._own else None,
        )

    def _errors(self) -> dict[str, int]:
        """Return the errors by their text: Locust has an entry for each request too."""
        found = Counter[str](self._own.raised if self._own else ())
        for each in self._stats.errors.values():
            found[own_users.kind(each.error)] += each.occurrences
        return dict(found)

    def _parts(self) -> Mapping[str, Part]:
        """Return the statistics of each request, of those that the job describes only if there are several."""
        entries = self._stats.entries.values()
        if self._own is not None:
            names = [f"{entry.method} {entry.name}" for entry in entries]
        else:
            names = [entry.name.removeprefix(f"{self._job.name} ") for entry in entries]
        found = {name: _part(entry) for name, entry in zip(names, entries, strict=True)}
        if self._own is not None:
            return found
        several = self._job.requests if len(self._job.requests) > 1 else ()
        return {each.label: found[each.label] for each in several if each.label in found}


def _part(entry: StatsEntry) -> Part:
    latency = {float(bucket): count for bucket, count in entry.response_times.items()}
    return Part(entry.num_requests, entry.num_failures, latency)
