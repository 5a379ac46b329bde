"""The first requests of a step, grouped by the worker, thread or event loop that served them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.english import count
from loadtest.results.exchange import Exchange
from loadtest.results.schema import Contender

SERVED_BY = re.compile(r"pid=(\d+); lane=(.+)")

UNTOLD = "ended, worker unknown"
UNANSWERED = "no answer yet"


@dataclass(frozen=True)
class Worker:
    """One process of a service, and the requests that each of its threads served."""

    name: str
    threads: list[list[Exchange]]

    @property
    def requests(self) -> list[Exchange]:
        """The requests of all threads."""
        return [exchange for thread in self.threads for exchange in thread]


def workers(first: Sequence[Exchange], contender: Contender) -> list[Worker]:
    """Return the workers in order of first use; requests without a known worker or an answer come last."""
    processes: dict[str, dict[str, list[Exchange]]] = {}
    untold: list[Exchange] = []
    for exchange in sorted((each for each in first if each.ended is not None), key=lambda each: each.began):
        found = SERVED_BY.search(exchange.served_by) if exchange.timed else None
        if found is None:
            untold.append(exchange)
            continue
        threads = processes.setdefault(found[1], {})
        threads.setdefault(found[2] if contender.kind == "blocking" else "", []).append(exchange)
    unanswered = [exchange for exchange in first if exchange.ended is None]
    others = [Worker(name, [requests]) for name, requests in ((UNTOLD, untold), (UNANSWERED, unanswered)) if requests]
    served = [
        Worker(_name(number, len(threads), contender), list(threads.values()))
        for number, threads in enumerate(processes.values(), start=1)
    ]
    return [*served, *others]


def _name(number: int, used: int, contender: Contender) -> str:
    if contender.kind != "blocking":
        return f"process {number}"
    if contender.slots == contender.processes:
        return f"process {number}: one request at a time"
    return f"process {number}: {count(used, 'thread')} used, one request at a time{'' if used == 1 else ' each'}"
