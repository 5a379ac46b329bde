"""The verdict of a run of open loads in sentences. Findings use only trusted rows."""

from math import inf

from loadtest.english import count, duration, listed
from loadtest.results.schema import Contender, Results
from loadtest.workload.demand import BLOCKED
from loadtest.workload.open import Open

from .aggregate import Row
from .backlog import diverges, lost, waiting
from .carried import RANKS, carried
from .format import per_second
from .overload import GAVE_UP, REFUSED, overload


def is_open(results: Results) -> bool:
    """Return True if requests arrived at a rate."""
    return any(isinstance(load, Open) for load in results.options.loads)


def blocked(contender: Contender) -> str:
    """Return the sentence on a service whose slots are all held by slow clients."""
    return f"{contender.name} is blocked: slow clients hold all {contender.slots} slots; no request is answered."


def findings(results: Results, table: list[Row]) -> tuple[list[str], list[str]]:
    """Return the limit of each service, with clients that were too few; and how services compare."""
    alone = not results.options.pairings  # pairs say more of two services
    limits = [
        told
        for contender in results.contenders
        for told in _keeping_up(contender, [row for row in table if row.service == contender.name])
    ]
    notes = [*_lowest(table), *carried(table, results.options.deadlines)] if alone else []
    clients = [_clients(row) for row in table if row.holds and any(each.waited for each in row.arrived)]
    return [*limits, *clients], [*notes, *overload(results, table)]


def _lowest(table: list[Row]) -> list[str]:
    """State the median latencies at the lowest rate."""
    amount = min((row.load.amount for row in table), default=None)
    held = [row for row in table if row.load.amount == amount and row.holds and not diverges(row)]
    known = {row.service: latency for row in held if (latency := row.percentile(0.5)) is not None and latency < inf}
    if len(known) < 2:
        return []
    fastest, *_, slowest = sorted(known, key=lambda name: known[name])
    low, high = duration(known[fastest]), duration(known[slowest])
    told = f"At {held[0].load.label} the median latency"
    if low == high:
        return [f"{told} is {low} on {listed(sorted(known))}."]
    return [f"{told} ranges from {low} ({fastest}) to {high} ({slowest})."]


def _keeping_up(contender: Contender, table: list[Row]) -> list[str]:
    """State how fast a service answers at the highest rate that it carries, and what happens at higher ones."""
    held = [row for row in table if row.holds]
    if not held:
        return []
    if held[0].bound == BLOCKED:
        return [blocked(contender)]
    fell = next((row for row in held if diverges(row)), None)
    kept = [row for row in held if fell is None or row.load.amount < fell.load.amount]
    told = []
    answered = [(row, *found) for row in kept if (found := answers(row))]
    if answered:
        row, rank, latency = answered[-1]
        tried = ", the highest rate tried" if row.load == table[-1].load else ""
        told.append(f"answers {RANKS[rank]} within {duration(latency)} at {row.load.label}{tried}")
    failed = [row for row in kept if row.lost and not answers(row)]
    if failed:
        row = failed[0]
        told.append(f"does not serve {lost(row):.0%} of the arrivals at {row.load.label} ({_why(row)})")
    if fell is not None:
        told.append(f"diverges at {fell.load.label}: {_growth(fell, contender)}")
    return [f"{contender.name} {'; it '.join(told)}."] if told else []


def answers(row: Row) -> tuple[float, float] | None:
    """Return the highest percentile of a carried load that is known, as rank and latency.

    None if it falls among lost arrivals.
    """
    known = ((rank, latency) for rank in RANKS if (latency := row.percentile(rank)) is not None)
    rank, latency = next(known, (0.0, inf))
    return None if latency == inf else (rank, latency)


def _why(row: Row) -> str:
    """Return why arrivals were not served."""
    kinds = {
        "refused": any(REFUSED in kind for kind in row.errors),
        "not answered within the clients' patience": not row.errors or any(GAVE_UP in kind for kind in row.errors),
        "failed": any(REFUSED not in kind and GAVE_UP not in kind for kind in row.errors),
    }
    return " or ".join(kind for kind, found in kinds.items() if found)


def _growth(row: Row, contender: Contender) -> str:
    """Return how fast a backlog grows, and after how long clients would wait how long."""
    foretold = "" if row.slope_foretold is None else f" (predicted: {per_second(row.slope_foretold)}/s)"
    told = f"the backlog grows by {per_second(row.slope or 0.0)}/s{foretold}"
    waits = waiting(row, contender)
    return f"{told}, and clients would wait {waits}" if waits else told


def _clients(row: Row) -> str:
    """State that the clients were too few to send every request at its intended start."""
    clients, waited = max(each.clients for each in row.arrived), sum(each.waited for each in row.arrived)
    waits = f"{count(waited, 'arrival')} waited for one"
    return f"At {row.load.label} of {row.service} all {clients} clients were in use: {waits}, which counts as latency."
