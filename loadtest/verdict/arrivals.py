"""The doubts about a step of an open load, beside those about the machine."""

from collections.abc import Mapping
from math import inf

from loadtest.english import count, duration
from loadtest.results.arrivals import Arrived, Forecast
from loadtest.results.schema import Measured, Predicted
from loadtest.workload.demand import Demand
from loadtest.workload.open import Open

LATE = 5.0
"""Milliseconds by which the load generator may send a request late by its own fault, or more where latencies are so
long that a share of SELDOM of their mean is more."""

SELDOM = 0.01
"""Share of the arrivals that may be sent later than that, that may be sent again, or fail for no predicted reason."""

FEWEST = 10
"""Arrivals that a window must contain: the median needs at least as many."""

UNLIKE = 1.5
"""Factor between a mean latency and its prediction above which the step needs an explanation."""

LEAST = 10.0
"""Milliseconds that must lie between them, too."""

EARLY = 0.995
"""Share of the wait that the shortest latency must reach; latencies are rounded to three digits."""

FAILED, UNSERVED = "requests failed", "arrivals were not served"
"""Texts of the doubts that requests failed, and that arrivals were not served."""

REFUSALS = ("status 503", "gave up")
"""Texts of the errors of requests that were refused or given up: the fate of requests in overload, and no fault."""


def doubts(
    load: Open, predicted: Predicted | None, measured: Measured, arrived: Arrived, demand: Demand | None
) -> list[str]:
    """Return the reasons why the requests of a window cannot be trusted. `demand`: None without a model."""
    several = bool(measured.generators)  # then each is judged by itself
    found = [*_offered(arrived), *([] if several else late(arrived, "the load generator")), *_errors(measured)]
    foretold = predicted.arrivals if predicted else None
    diverges = foretold.diverges if foretold else arrived.lost > 0
    law = load.contradiction(arrived.in_flight, arrived.spent_ms / 1000, arrived.seconds, arrived.edges)
    if law is not None and not diverges:
        found.append(law)
    shortest = min(measured.latency, default=inf)
    if foretold is not None and demand is not None and shortest < EARLY * demand.wait * 1000:  # all requests wait alike
        found.append(f"a request took {duration(shortest)}, less than its wait")
    if foretold is not None and not foretold.diverges:
        found += _unlike(arrived, measured, foretold)
    return found


def mean_latency(latency: Mapping[float, int]) -> float | None:
    """Return the mean of a histogram, or None if it is empty."""
    total = sum(latency.values())
    return sum(value * number for value, number in latency.items()) / total if total else None


def late(arrived: Arrived, who: str) -> list[str]:
    """Return by how much the load generator `who` sent requests late by its own fault, if it was too many."""
    if not arrived.offered:
        return []
    bound = max(LATE, SELDOM * arrived.spent_ms / arrived.offered)
    share = sum(number for late, number in arrived.late_ms.items() if late > bound) / arrived.offered
    told = f"{who} sent {share:.1%} of the requests over {bound:.0f} ms late by its own fault"
    return [told] if share > SELDOM else []


def _offered(arrived: Arrived) -> list[str]:
    found = []
    if arrived.offered < FEWEST:
        found.append(f"only {count(arrived.offered, 'arrival')} came in the window ({FEWEST} needed)")
    if arrived.early:
        found.append(f"{count(arrived.early, 'request')} started before the intended time")
    return found


def _errors(measured: Measured) -> list[str]:
    found = []
    failed = sum(number for kind, number in measured.errors.items() if not any(text in kind for text in REFUSALS))
    if failed > SELDOM * measured.requests:
        found.append(f"{failed} of {measured.requests} {FAILED}")
    if measured.resent and measured.resent > SELDOM * measured.requests:
        times = count(measured.resent, "time")
        found.append(f"requests were sent again {times}, because the service closed the connection unanswered")
    return found


def _unlike(arrived: Arrived, measured: Measured, foretold: Forecast) -> list[str]:
    """Return how the arrivals fared otherwise than predicted, if by so much that something must be wrong."""
    unexpected = arrived.lost - foretold.lost
    if unexpected > SELDOM * arrived.offered:
        return [f"{arrived.lost} of {arrived.offered} {UNSERVED}, {foretold.lost} by the prediction"]
    mean, expected = mean_latency(measured.latency), mean_latency(foretold.latency)
    if mean is None or expected is None or mean < UNLIKE * expected or mean - expected < LEAST:
        return []
    return [f"latency is {duration(mean)} on average, {duration(expected)} by the prediction, and nothing explains it"]
