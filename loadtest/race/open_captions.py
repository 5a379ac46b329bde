"""The captions of a racer under an open load."""

from loadtest.contenders.service import Service
from loadtest.english import count, plural_of
from loadtest.workload import Load
from loadtest.workload.demand import ADMISSION, ROUNDING, Demand, Limit
from loadtest.workload.open import Open, capacity

from .figures import Figures, by_chance
from .words import ERRORS, Caption, named, places, why

HELD_UP = 0.1
"""Share of the marks that show held requests, from which the caption says so: each waits a moment for its turn."""

ALIKE = 0.01
"""Share of the arrivals by which they must exceed what a service carries before the growth of its backlog is named."""


def overload(load: Load, service: Service, demand: Demand | None, now: Figures, error: str | None) -> Caption | None:
    """Return the caption of a service at which more requests arrive than it carries, by the prediction."""
    limit = None if demand is None else capacity(demand)
    if not isinstance(load, Open) or demand is None or limit is None or load.rate < limit.throughput * (1 - ROUNDING):
        return None
    carries = f"{_carries(limit, service)} of {_rate(load.rate)} arrivals/s"
    fails = now.failed / now.seconds if now.failed > ERRORS * now.answered else 0.0
    if limit == demand.admission:
        return Caption("refuses", f"{carries}; {_rate(fails)} a second fail{why(error) if fails else ''}")
    if fails:
        return Caption("diverges-fails", f"diverges: {_rate(fails)} a second fail{why(error)}")
    grows = load.rate - limit.throughput
    if grows <= ALIKE * load.rate:
        return Caption("full", f"at its limit: {carries}, so a backlog stays")
    return _diverges(carries, grows, now.growth)


def _diverges(carries: str, predicted: float, grows: float | None) -> Caption:
    if grows is None:
        return Caption("diverges-soon", f"will diverge: {carries}")
    if grows < predicted / 2:
        return Caption(
            "diverges-slowly", f"{carries}; the backlog hardly grows yet (predicted: {_rate(predicted)} a second)"
        )
    return Caption(
        "diverges", f"diverges: the backlog grows by {_rate(grows)} a second (predicted: {_rate(predicted)})"
    )


def arrivals(load: Open, service: Service, demand: Demand, now: Figures) -> Caption:
    """Return the caption of a service that carries its arrivals, by the prediction."""
    limit, requests = capacity(demand), count(now.in_flight, "request")
    held = held_up(service, now)
    wait = f"{requests} {plural_of(now.in_flight, 'waits', 'wait')} on {places(service)}"
    room = wait if limit is None else f"{_carries(limit, service)} arrivals/s at most; {requests} in flight"
    if now.growth is None or now.throughput is None:
        return Caption("arriving", room)
    if now.growth < 0 and now.in_flight > load.rate * demand.alone + by_chance(load, demand):
        return Caption("shrinks", f"the backlog shrinks by {_rate(-now.growth)} a second; {room}")
    if now.behind:
        falls = f"the backlog grows by {_rate(max(0.0, now.growth))} a second, for a reason outside the model"
        return Caption("behind", f"{now.throughput / load.rate:.0%} of the arrivals are answered: {falls}")
    if held is not None:
        return Caption(f"keeps-up-{held.kind}", f"keeps up, but {held.sentence}")
    return Caption("keeps-up", f"keeps up: {room}")


def held_up(service: Service, now: Figures) -> Caption | None:
    """Return the caption of a service at which requests wait although its limits have room, if many marks show it."""
    if now.held < HELD_UP:
        return None
    place = "a busy event loop" if service.on_a_loop else "a busy process" if service.slots is None else "a busy core"
    return Caption("held-up", f"{now.held:.0%} of the requests drawn wait for {place}")


def _carries(limit: Limit, service: Service) -> str:
    """Return a limit with what it carries per second, such as "64 threads carry 256"."""
    things = 1 if limit.name == ADMISSION else limit.capacity
    return f"{named(limit, service)} {plural_of(things, 'carries', 'carry')} {_rate(limit.throughput)}"


def _rate(number: float) -> str:
    """Return a number per second, with one decimal below 10 unless it is whole."""
    return f"{number:.0f}" if number >= 9.95 or number == round(number) else f"{number:.1f}"
