"""The cap on the throughput of a service in words: the resource, and how many units of it there are."""

from loadtest.english import count
from loadtest.results.schema import Contender
from loadtest.workload.demand import ADMISSION, CPU, LOOPS, SLOTS
from loadtest.workload.scenarios import POOL

from .aggregate import Row
from .bounds import OWN_LIMIT

OTHERS = {
    CPU: "the CPU",
    LOOPS: "a blocked event loop",
    ADMISSION: "the in-flight limit",
    OWN_LIMIT: "its own limit",
}
"""Resources that are not counted."""


def cap(row: Row, contender: Contender) -> str:
    """Return what bounds a row, such as `64 threads`, or "" if no resource of the service does."""
    bound = row.bound.partition(";")[0].partition(" (")[0]
    limits = {each.name: each.capacity for each in contender.demand.limits} if contender.demand else {}
    if bound == SLOTS and bound in limits:
        return _slots(contender, limits[bound])
    if bound.endswith(POOL) and bound in limits:
        return count(limits[bound], "pooled connection")
    if bound == OWN_LIMIT and contender.inferred and (limited := contender.inferred.limit):
        return f"{count(limited.capacity, 'request')} at a time" if limited.name == SLOTS else OTHERS[limited.name]
    return OTHERS.get(bound, "")


def caps(resource: str) -> str:
    """Return the verb for a resource: `64 threads cap`, `1 process caps`, `the CPU caps`."""
    return "cap" if resource[0].isdigit() and not resource.startswith("1 ") else "caps"


def _slots(contender: Contender, capacity: int) -> str:
    """Return slots as threads or processes, if the set-up of the service is known."""
    if contender.slots != capacity or contender.processes is None:
        return count(capacity, "slot")
    return count(capacity, "process", "processes") if contender.processes == capacity else count(capacity, "thread")
