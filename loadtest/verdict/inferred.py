"""Infer the model of a service of the user's own from its steps, and predict each step from the others.

The wait of a request is what one user saw: nobody queues there. A service that serves c requests at once, each for that
time, has a throughput of c / wait however many users wait (see workload/closed.py). So c is the throughput of saturated
steps times the wait. One saturated step could be anything; two with the same throughput show a limit.
"""

from collections.abc import Sequence
from statistics import mean, median

from loadtest.english import count, duration, listed
from loadtest.results.inferred import Inferred, Limited
from loadtest.results.schema import Predicted
from loadtest.workload.closed import Closed
from loadtest.workload.demand import CPU, LOOPS, SLOTS, USERS, Demand, Limit

from .aggregate import Row
from .bounds import OWN_LIMIT, UNEXPLAINED, mean_response, throughput
from .format import per_second

FLAT = 0.05
"""Difference, as a share of the larger one, up to which the throughputs of saturated steps count as the same."""

EXACT = 0.1
"""The largest error, as a share, of a number of requests at once that is stated."""

SATURATED = {OWN_LIMIT, CPU}
"""Bounds of steps that show a limit of the service."""


def infer(table: Sequence[Row], *, blocks: bool) -> Inferred | None:
    """Return what the rows of one service show, or None without a conclusive step of one user.

    `blocks`: a request blocks the event loop of its process.
    """
    alone = next((row for row in table if _of_one_user(row) and row.holds and row.requests), None)
    if alone is None:
        return None
    waits = [mean_response(each) for each in alone.windows]
    held = [row for row in table if row.holds]
    full = [row for row in held if _shows_a_limit(row)]
    if full:
        found = _limit(full, median(waits), blocks=blocks)
    else:
        found = f"no conclusive step shows one, up to {held[-1].load.label}"
    limit, why = (None, found) if isinstance(found, str) else (found, "")
    return Inferred(
        wait=median(waits),
        fastest=min(waits),
        slowest=max(waits),
        unsaturated=all(_bounds(row) == {USERS} for row in held),
        limit=limit,
        why=why,
    )


def _limit(full: Sequence[Row], wait: float, *, blocks: bool) -> Limited | str:
    """Return the limit that the saturated steps have in common, or why they show none."""
    if len(full) < 2:
        return f"only one step, {full[0].load.label}, is saturated, and it takes two to show a limit"
    rates = [row.throughput for row in full]
    full = [row for row in full if row.throughput >= (1 - FLAT) * max(rates)]  # fewer users may not fill all processes
    if len(full) < 2:
        return f"throughput still changes with the users, from {min(rates):.1f}/s to {max(rates):.1f}/s"
    rates = [row.throughput for row in full]
    at_once = [throughput(each) * wait for row in full for each in row.windows]
    about, capacity = mean(at_once), max(1, round(mean(at_once)))
    cores = None
    name = LOOPS if blocks and capacity <= max(map(_processes, full)) else SLOTS
    if any(CPU in _bounds(row) for row in full):
        used = max(row.server_cpu or 0.0 for row in full)
        if not used:
            return "CPU time was short, and how much of it the service used is unknown"
        name, capacity, cores = CPU, max(1, round(used)), used
    elif abs(about - capacity) > EXACT * capacity or max(at_once) - min(at_once) > 2 * EXACT * about:
        return f"{min(at_once):.1f} to {max(at_once):.1f} requests at a time is too wide a range for a figure"
    return Limited(
        name=name,
        capacity=capacity,
        cores=cores,
        low=min(at_once),
        high=max(at_once),
        throughput=mean(rates),
        loads=sorted(int(row.load.amount) for row in full),
    )


def _shows_a_limit(row: Row) -> bool:
    """Return True if each repeat of a row was saturated, whichever limit it named."""
    return bool(_bounds(row)) and _bounds(row) <= SATURATED


def _bounds(row: Row) -> set[str]:
    """Return the bounds of a row, without repeats that had no conclusive first step to be held against."""
    return set(row.bound.split("; ")) - {UNEXPLAINED}


def _processes(row: Row) -> int:
    return max((len(each.processes_cpu or ()) for each in row.windows), default=0)


def demand(found: Inferred, slots: int | None, pools: Sequence[Limit]) -> Demand:
    """Return the demand of a request: with the limits that are known of the service, or else the inferred one."""
    known = [*([Limit(SLOTS, slots, found.wait)] if slots else []), *pools]
    if not known and found.limit:
        known = [Limit(found.limit.name, found.limit.capacity, _held(found, found.limit))]
    return Demand(found.wait, tuple(known))


def _held(found: Inferred, limit: Limited) -> float:
    """Return the seconds for which a request holds what is limited: all of its wait, but of the CPU only a part."""
    return limit.capacity / limit.throughput if limit.name == CPU else found.wait


def predicted(row: Row, found: Inferred, known: Demand, table: Sequence[Row]) -> Predicted | None:
    """Return the prediction of a row from other rows, or None if there is none: the row of one user is the measure.

    A saturated row is predicted from the other saturated rows: held against itself it would always be right.
    """
    if not isinstance(row.load, Closed) or _of_one_user(row):
        return None
    if found.limit and known == demand(found, None, ()):  # nothing but what the steps show is known
        others = [each.throughput for each in _saturated(table, found.limit) if each.load != row.load]
        held = found.limit.capacity / mean(others)
        known = Demand(known.wait, (Limit(found.limit.name, found.limit.capacity, held),))
    elif _bounds(row) & SATURATED and not known.limits:
        return None  # by a limit that is unknown
    told = row.load.predict(known)
    return Predicted(throughput=told.throughput, response=told.response, bound=told.bound)


def _of_one_user(row: Row) -> bool:
    return isinstance(row.load, Closed) and row.load.users == 1


def _saturated(table: Sequence[Row], limit: Limited) -> list[Row]:
    return [row for row in table if row.holds and int(row.load.amount) in limit.loads]


def sentence(name: str, found: Inferred, slots: int | None) -> str:
    """Return what the steps show of a service, in words."""
    limit = found.limit
    if limit is None:
        return f"{name}: its limit is unknown: {found.why}."
    steps = f"inferred from the steps of {listed([str(each) for each in limit.loads])} users"
    rate = f"{per_second(limit.throughput)}/s"
    if limit.name == CPU:
        cores, each = limit.cores or limit.capacity, (limit.cores or limit.capacity) / limit.throughput * 1000
        return f"{name} is limited by its CPU: {rate} x {duration(each)} = {cores:.1f} cores ({steps})."
    at_once = f"{count(limit.capacity, 'request')} at a time"
    loops = f"its event loop{'s' if limit.capacity > 1 else ''}: " if limit.name == LOOPS else ""
    ends = f"{limit.low:.1f} to {limit.high:.1f}"
    told = f"{name}: {loops}{at_once}, {rate} x {_wait(found)} ({steps}: {ends} at a time)."
    if slots and abs(limit.capacity - slots) > EXACT * slots:
        other = "something else is the limit" if limit.capacity < slots else "it serves more than that"
        told += f" Its file says {count(slots, 'slot')}, so {other}."
    return told


def _wait(found: Inferred) -> str:
    """Return the wait of one user in words, with its range over the repeats if that shows."""
    median, fastest, slowest = (duration(each * 1000) for each in (found.wait, found.fastest, found.slowest))
    return median if fastest == slowest else f"{median} ({fastest} to {slowest})"
