"""The master of several load generators: a Locust master in its own process, with the lines of a single one.

The first line from standard input says where to listen, with which secret, and how many load generators will come; it
is answered with `listening`, one `came` for each of them, and `complete`. Then the lines are those of process.py:
`{"job": ...}`, answered with `ready`, and orders, each answered with `opened`, `closed` and `measured`. With
`{"again": true}` a job ends. A `notice` may come at any time. At the end of the input all load generators end.

Each generator measures its own share of a step, by its own clock. What went wrong meanwhile is told with the
measurements, as `faults`: a generator that ended, fell silent, or lost a message takes part in no further step.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import IO, Any, NoReturn

import gevent
from gevent.queue import Empty, Queue
from locust.env import Environment
from locust.event import EventHook
from locust.exception import RPCError, RPCReceiveError
from locust.rpc import Message
from locust.runners import MasterRunner

from loadtest.workload.share import Share

from .channel import TYPE
from .orders import CLOSED, COMPLETE, ENDED, FAILED, GATHERED, LISTENING, MEASURED, OPENED, PULSE, READY, REFUSED
from .process import hear, pipes, tell
from .stations import Station, Stations

SLACK = 10.0
"""Seconds that load generators may take for an event, beyond the planned time."""

COME_WITHIN = 40.0
"""Seconds in which load generators come back for the next job."""


class NoneLeft(Exception):
    """No load generator is left. The message is a sentence."""


class Unusable(Exception):
    """A load generator cannot use a locustfile. The message is a sentence."""


class Fleet:
    """The load generators of a run, which run one job and one step after the other. `report` reports an event."""

    def __init__(self, stations: Stations, report: Callable[[dict[str, Any]], None]) -> None:
        self._stations, self._report = stations, report

    def gather(self) -> None:
        """Wait until all load generators have come, and report it."""
        self._stations.wait()
        self._some_left()
        self._report({"event": COMPLETE})

    def begin(self, job: Mapping[str, Any]) -> None:
        """Give all load generators a job, and report once they are ready for it."""
        self._stations.settle()
        self._stations.wait(COME_WITHIN)
        self._some_left()
        every = self._stations.living
        for place, station in enumerate(every):
            self._stations.tell(station, {"job": {**job, "share": asdict(Share(place, len(every)))}})
        ready = self._all(every, READY, 0.0)
        self._report({"event": READY, "fewest": max(each["fewest"] for each in ready.values())})

    def step(self, order: Mapping[str, Any]) -> None:
        """Run one step on all load generators, and report it."""
        stations, patience = self._stations, order["patience"]
        stations.settle()
        self._some_left()
        stations.faults.clear()
        stations.in_step = True
        every = stations.living
        shares = {station.node: asdict(Share(place, len(every))) for place, station in enumerate(every)}
        for station in every:
            stations.tell(station, {"order": {**order, "share": shares[station.node]}})
        self._meet(every, GATHERED, patience)
        opened = self._all(every, OPENED, order["warmup"] + patience)
        self._report({"event": OPENED})
        closed = self._all(every, CLOSED, order["window"] + patience)
        self._report({"event": CLOSED})
        if order["load"]["kind"] == "open":
            self._meet(every, ENDED, patience)
        windows = self._all(every, MEASURED, patience)
        stations.in_step = False
        first = min((each["heard"] for each in opened.values()), default=0.0)
        generators = [
            {
                **windows[station.node],
                **{name: getattr(station.member, name) for name in ("name", "host", "local")},
                **shares[station.node],
                "opened": opened[station.node]["heard"] - first,
                "closed": closed[station.node]["heard"] - first,
            }
            for station in every
            if station.node in windows
        ]
        self._report({"event": MEASURED, "generators": generators, "faults": stations.faults})

    def again(self) -> None:
        """End the job: every load generator begins anew."""
        for station in self._stations.living:
            self._stations.tell(station, {"again": True})
        self._stations.forget()

    def over(self) -> None:
        """Tell all load generators to end."""
        for station in self._stations.living:
            self._stations.tell(station, {"over": True})

    def _meet(self, every: list[Station], point: str, within: float) -> None:
        self._all(every, point, within)
        for station in every:
            if not station.lost:
                self._stations.tell(station, {"met": point})

    def _all(self, every: list[Station], event: str, within: float) -> dict[str, dict[str, Any]]:
        """Return this event of every load generator by its node, without those that are lost meanwhile."""
        until = time.perf_counter() + within + SLACK
        found = {}
        for station in every:
            if station.lost:
                continue
            try:
                told = station.events.get(timeout=max(0.0, until - time.perf_counter()))
            except Empty:
                self._stations.lose(station, f"did not tell within {within + SLACK:.0f} s that it has {event}")
                continue
            if told is None:
                continue
            if told["event"] == REFUSED:
                raise Unusable(told["told"])
            if told["event"] != event:
                self._stations.lose(station, f"told that it has {told['event']} instead of {event}")
                continue
            found[station.node] = told
        self._some_left()
        return found

    def _some_left(self) -> None:
        if not self._stations.living:
            raise NoneLeft(f"No load generator is left: {'; '.join(self._stations.faults) or 'none came back'}.")


def main() -> None:
    """Run the jobs of a run."""
    orders, answers = pipes()
    report = partial(tell, answers=answers)
    setting = hear(orders)
    if setting is None:
        return
    known = Environment()
    try:
        runner = known.create_master_runner(setting["address"], setting["port"])
    except (RPCError, SystemExit):  # Locust exits if the port is taken
        where = f"port {setting['port']} of {setting['address']}"
        told = f"No load generator can come: {where} is taken, or is no address of this machine."
        report({"event": FAILED, "told": told})
        return
    known.events.worker_report = EventHook()  # type: ignore[no-untyped-call] # workers report no statistics

    def send(node: str, message: dict[str, str]) -> None:
        runner.send_message(TYPE, message, node)

    stations = Stations(setting["secret"], setting["number"], send, report)
    runner.register_message(TYPE, stations.heard)
    hear_nothing_else(runner)
    fleet = Fleet(stations, report)
    report({"event": LISTENING, "port": runner.server.port})
    lines = Queue[dict[str, Any]]()
    gevent.spawn(read, orders, lines, fleet)
    status = 0
    try:
        fleet.gather()
        while True:
            line = lines.get()
            if "job" in line:
                fleet.begin(line["job"])
            elif "again" in line:
                fleet.again()
            else:
                fleet.step(line["order"])
    except Unusable as error:
        report({"event": REFUSED, "told": str(error)})
    except NoneLeft as error:
        report({"event": FAILED, "told": str(error)})
    except KeyboardInterrupt:  # as the run stops its processes
        pass
    except Exception:  # whatever it is, this process ends
        traceback.print_exc()
        status = 1
    finish(fleet, status)


def read(orders: IO[str], lines: Queue[dict[str, Any]], fleet: Fleet) -> None:
    """Read the lines of the run, and end with the last one, in the middle of whatever a step does."""
    while line := hear(orders):
        lines.put(line)
    finish(fleet, 0)


def finish(fleet: Fleet, status: int) -> NoReturn:
    """End all load generators, then this process, without waiting for those that cannot be reached."""
    fleet.over()
    gevent.sleep(PULSE)  # until it is sent
    sys.stderr.flush()
    os._exit(status)


def hear_nothing_else(runner: MasterRunner) -> None:
    """Ignore what strangers send: Locust stops listening for good at a packet that it does not understand."""
    receive, handle = runner.server.recv_from_client, runner.handle_message

    def received() -> Any:
        try:
            return receive()  # type: ignore[no-untyped-call] # untyped in Locust
        except RPCError:
            raise
        except Exception as error:  # whatever a packet makes of it
            raise RPCReceiveError(str(error)) from None

    def handled(client_id: str, msg: Message) -> None:
        if isinstance(msg.node_id, str) and msg.type in ("client_ready", "heartbeat", TYPE):
            with suppress(Exception):  # see above
                handle(client_id, msg)

    runner.server.recv_from_client = received  # type: ignore[method-assign] # of this runner
    runner.handle_message = handled  # type: ignore[method-assign] # see above


if __name__ == "__main__":
    main()
