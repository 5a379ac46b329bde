"""The forecast of an open load: what every arrival of a window should take, by replaying its schedule."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from random import Random

from loadtest.results.arrivals import Forecast
from loadtest.results.histogram import histogram_of
from loadtest.workload.demand import Demand
from loadtest.workload.open import Open
from loadtest.workload.replay import Passage, replay


def forecast(
    schedule: Iterator[float], load: Open, demand: Demand, spans: tuple[float, float], shares: Sequence[int] = (1,)
) -> tuple[Forecast, float]:
    """Return the forecast of a window, and the requests that it sees served per second.

    `schedule`: the intended starts in seconds. `spans`: the seconds of warm-up and window. `shares`: the requests that
    each process of the service got, if connections tie requests to processes; else one share.
    """
    warmup, window = spans
    closed = warmup + window
    arrivals = takewhile(lambda moment: moment < closed, schedule)
    passages = sorted(_by_process(arrivals, demand, shares))
    inside = [each for each in passages if each.arrived >= warmup]
    in_time = [each for each in passages if each.served and each.left - each.arrived <= load.patience]
    kept = [each for each in in_time if each.arrived >= warmup]
    stays = [(each.arrived, min(each.left, each.arrived + load.patience)) for each in passages]
    spent = sum(max(0.0, min(left, closed) - max(arrived, warmup)) for arrived, left in stays)
    before, after = (sum(arrived < edge < left for arrived, left in stays) for edge in (warmup, closed))
    served = sum(warmup <= each.left < closed for each in in_time)
    found = Forecast(
        latency=histogram_of(each.left - each.arrived for each in kept),
        lost=len(inside) - len(kept),
        in_flight=spent / window,
        slope=(after - before) / window,
        diverges=load.diverges(demand),
    )
    return found, served / window


def _by_process(arrivals: Iterable[float], demand: Demand, shares: Sequence[int]) -> Iterator[Passage]:
    """Yield the passages of all arrivals. Where there are several shares, each process has its part of the limits.

    Which process gets which arrival depends on connections and is not known: it is drawn, with a seed.
    """
    if len(shares) < 2:
        yield from replay(arrivals, demand)
        return
    random = Random(len(shares))  # noqa: S311 - reproducible, not secret
    parts: list[list[float]] = [[] for _ in shares]
    for arrived in arrivals:
        random.choices(parts, weights=shares)[0].append(arrived)
    for part in parts:
        yield from replay(part, demand.part(len(shares)))
