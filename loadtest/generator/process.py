"""The load generator: Locust as a library in its own process, one step at a time.

The process reads JSON lines from standard input: first `{"job": ...}`, then `{"order": ...}` per step (see orders.py).
It writes JSON lines to standard output: `{"event": "ready"}`, then for each order `opened`, `closed`, and `measured`
with the measurements, of an open load once the requests of its window have ended. If a locustfile cannot be used, the
answer is `{"event": "refused"}` with a sentence.

Several load generators are several workers of a master, which the same lines control (see fleet.py and worker.py).
"""

import json
import os
from functools import partial
from typing import IO, Any

import gevent

from . import latency_buckets
from .orders import READY, REFUSED, received, received_job
from .own_users import Refused
from .slow_clients import slow_clients
from .steps import Generator, environment


def pipes() -> tuple[IO[str], IO[str]]:
    """Return standard input and output, and leave others in their place: a locustfile may read and print."""
    orders, answers = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "r"), (1, "w")))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return orders, answers


def tell(event: dict[str, Any], answers: IO[str]) -> None:
    """Write one JSON line to the parent process."""
    answers.write(json.dumps(event) + "\n")
    answers.flush()


def hear(orders: IO[str]) -> dict[str, Any] | None:
    """Read one JSON line in a thread, while users continue; return None at the end of the input."""
    line = gevent.get_hub().threadpool.apply(orders.readline)
    return json.loads(line) if line else None


def main() -> None:
    """Run the steps of one job."""
    latency_buckets.install()
    orders, answers = pipes()
    first = hear(orders)
    if first is None:
        return
    job = received_job(first["job"])
    send = partial(tell, answers=answers)
    known = environment()
    known.create_local_runner()
    try:
        generator = Generator(known, job, send)
        with slow_clients(job.url, job.slow_clients):
            send({"event": READY, "fewest": generator.fewest})
            while line := hear(orders):
                generator.measure(received(line["order"]))
    except Refused as error:
        send({"event": REFUSED, "told": str(error)})


if __name__ == "__main__":
    main()
