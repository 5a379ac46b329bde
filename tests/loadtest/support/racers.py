"""Racers without services: their figures, their users, and requests that these have sent."""

from dataclasses import dataclass, replace
from typing import Any

from loadtest.race.figures import Figures
from loadtest.results.exchange import Exchange
from loadtest.workload import Load
from loadtest.workload.demand import Demand


@dataclass(eq=False)
class User:
    """A stand-in with the attributes of a user that a sample reads."""

    asked_at: float | None = None
    watch: Any = None


def told(sent: float, queued: float, waited: float, status: int = 200) -> Exchange:
    """Return an answered request whose service reported its times."""
    began = sent + queued
    return Exchange(sent, began + waited, began + waited, status, "aiohttp; pid=1; racer=1", waited, waited)


def figures(load: Load, foretold: Demand | None, **seen: Any) -> Figures:
    """Return the figures of a racer that meets its prediction, all of whose users wait, except for those in `seen`."""
    now = Figures(
        users=load.most_in_flight,
        in_flight=load.most_in_flight,
        requests=5_000,
        failures=0,
        seconds=5.0,
        answered=1_000,
        failed=0,
        good=1_000,
        settled=True,
        throughput=200.0,
        p50=None,
        p99=None,
        predicted=None if foretold is None else load.predict(foretold),
        ratio=1.0,
        due=0,
        arriving=None,
        growth=None,
        behind=False,
    )
    return replace(now, **seen)
