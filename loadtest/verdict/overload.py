"""State what services do with more arrivals than they can serve: how many get a good answer, and who is refused."""

from loadtest.english import listed, plural_of
from loadtest.results.schema import Contender, Results
from loadtest.workload import Load

from .aggregate import Row
from .arrivals import REFUSALS
from .backlog import diverges, lost, offered
from .format import limit, per_second

REFUSED, GAVE_UP = REFUSALS
"""Texts of the errors of requests that were refused, and of those that clients gave up."""

LIMIT = "MAX_IN_FLIGHT"
"""The environment variable of a service that limits its requests in flight."""

UNREPEATED = "Retry-After has no effect here: a client does not send a refused request again."


def overload(results: Results, table: list[Row]) -> list[str]:
    """Return the sentences on goodput, on refusals, and on limits that refuse nothing."""
    held = [row for row in table if row.holds]
    known = {each.name: each for each in results.contenders}
    told = _goodput(held, known, results.options.deadlines[0]) if results.options.deadlines else []
    told += [sentence for each in known.values() for sentence in _refuses_nothing(each, table)]
    return [*told, UNREPEATED] if any(map(refuses, held)) else told


def refuses(row: Row) -> bool:
    """Return True if the service refused requests."""
    return any(REFUSED in kind for kind in row.errors)


def _goodput(held: list[Row], known: dict[str, Contender], deadline: float) -> list[str]:
    """State the goodput of each service at the highest rate with trusted figures, and whether refusing raised it."""
    amount = max((row.load.amount for row in held), default=None)
    group = [row for row in held if row.load.amount == amount and row.goodput is not None]
    if not group:
        return []
    each = [f"{row.service} {per_second(row.goodput or 0.0)}/s ({_share(row, known[row.service])})" for row in group]
    within = limit(deadline)
    told = [f"Goodput at {group[0].load.label}, answers within {within}: {', '.join(each)}."]
    for row in filter(refuses, group):
        alike = [each for each in group if _differ_in_the_limit(known[row.service], known[each.service])]
        if queued := [each for each in alike if diverges(each)]:
            told.append(_refusing(row, queued, within))
    return told


def _share(row: Row, contender: Contender) -> str:
    """Return the goodput as a share of the capacity, or of the arrivals if there are fewer."""
    good, arrivals = row.goodput or 0.0, offered(row)
    most = _capacity(row.load, contender)
    if most is not None and most < arrivals:
        return f"{good / most:.0%} of its capacity of {per_second(most)}/s"
    return f"{good / arrivals:.0%} of the arrivals"


def _capacity(load: Load, contender: Contender) -> float | None:
    return None if contender.demand is None else load.most(contender.demand)


def _differ_in_the_limit(one: Contender, other: Contender) -> bool:
    """Return True if two services are started alike, but for the limit of their requests in flight."""
    variables = [{name: value for name, value in each.environment.items() if name != LIMIT} for each in (one, other)]
    alike = one.command == other.command and variables[0] == variables[1]
    return alike and bool(one.command) and one.environment.get(LIMIT) != other.environment.get(LIMIT)


def _refusing(row: Row, others: list[Row], within: str) -> str:
    """Compare a service that refuses requests with those that let them queue."""
    good, most = row.goodput or 0.0, max(each.goodput or 0.0 for each in others)
    queue = f"{listed([each.service for each in others])} {plural_of(len(others), 'lets', 'let')} them queue"
    told = f"{row.service} refuses requests ({lost(row):.0%} of the arrivals), {queue}:"
    if good <= most:
        return f"{told} refusing serves no more people within {within} here."
    times = f", here {good / most:.1f} times as many" if most else ""
    return f"{told} a service that refuses early serves more people within {within}{times}."


def _refuses_nothing(contender: Contender, table: list[Row]) -> list[str]:
    """Explain a limit that a service never reaches, because requests queue before it."""
    demand = contender.demand
    if demand is None or demand.admission is None or demand.slots is None or demand.sheds:
        return []
    if any(refuses(row) for row in table if row.service == contender.name):
        return []
    return [
        f"{contender.name} refuses nothing: its limit of {demand.admission.capacity} requests in flight is not below "
        f"its {demand.slots.capacity} slots, so further requests queue in the server, where no thread is free to "
        "refuse them."
    ]
