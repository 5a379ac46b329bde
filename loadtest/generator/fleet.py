"""The master of several load generators: a Locust master in its own process, with the lines of a single one.

The first line from standard input says where to listen, with which secret, and how many load generators will come; it
is answered with `listening` and one `came` for each of them. Then the lines are those of process.py: `{"job": ...}`,
answered with `ready`, and orders, each answered with `opened`, `closed` and `measured`. `{"again": true}` ends a job.

Each generator measures its own share of a step, by its own clock. What went wrong meanwhile is told with the
measurements, as `faults`: a generator that ended, fell silent, or lost a message takes part in no further step.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import gevent
from gevent.event import Event
from gevent.queue import Empty, Queue
from locust.env import Environment
from locust.event import EventHook
from locust.exception import RPCError
from locust.rpc import Message

from loadtest.workload.share import Share

from .channel import TYPE, Channel, Forged, Lost, nonce, opened, sealed
from .crew import Member, version
from .crews import CAME, LISTENING
from .orders import CLOSED, FAILED, MEASURED, OPENED, READY, REFUSED
from .process import hear, pipes, tell
from .steps import ENDED, GATHERED
from .worker import JOINED, PULSE, PULSED

SILENT = 3.0
"""Seconds without a message after which a load generator counts as lost."""

SLACK = 10.0
"""Seconds that load generators may take for an event, beyond the planned time."""

COME_WITHIN = 40.0
"""Seconds in which load generators come back for the next job."""


class NoneLeft(Exception):
    """No load generator is left. The message is a sentence."""


class Unusable(Exception):
    """A load generator cannot use a locustfile. The message is a sentence."""


@dataclass
class Station:
    """A load generator that has come, as the master knows it."""

    node: str
    """The id among Locust's workers."""
    member: Member
    channel: Channel
    events: Queue[dict[str, Any] | None] = field(default_factory=Queue)
    """The events that nobody has waited for yet; None: the load generator is lost."""
    joined: bool = False
    lost: bool = False
    heard: float = field(default_factory=time.perf_counter)


class Fleet:
    """The load generators of a run. `send` sends a message to one of Locust's workers, `report` an event to the run."""

    def __init__(
        self,
        secret: str,
        number: int,
        send: Callable[[str, dict[str, str]], None],
        report: Callable[[dict[str, Any]], None],
    ) -> None:
        self._secret, self._number = secret, number
        self._send, self._report = send, report
        self._stations: dict[str, Station] = {}
        self._changed = Event()
        self._known: dict[str, Member] = {}
        """The load generators that have come, by name, for as long as they are not lost."""
        self._faults: list[str] = []
        self._in_step = False
        gevent.spawn(self._beat)

    # ---- what comes from the load generators

    def heard(self, msg: Message, **_environment: Any) -> None:
        """Take a message of a load generator, or of somebody who wants to be one."""
        station = self._stations.get(msg.node_id)
        if station is None:
            self._greet(msg)
            return
        if station.lost:
            return
        try:
            content = station.channel.receive(msg.data)
        except Forged:
            return
        except Lost:
            self._lose(station, "lost a message, or sent it twice")
            return
        station.heard = time.perf_counter()
        if content["event"] == JOINED:
            self._join(station)
        elif content["event"] == FAILED:
            self._lose(station, f"failed: {content['told']}")
        elif content["event"] != PULSED:
            station.events.put(content)

    def _greet(self, msg: Message) -> None:
        try:
            hello = opened(self._secret, msg.data)
        except Forged:  # the answer is signed with our secret, from which the other side sees that it has another
            self._send(msg.node_id, sealed(self._secret, {"refused": "", "to": ""}))
            return
        if "hello" not in hello:
            return
        theirs, name = hello.pop("hello"), hello["name"]
        if why := self._refusal(name, hello["version"]):
            self._send(msg.node_id, sealed(self._secret, {"refused": why, "to": theirs}))
            return
        member = Member(**hello)
        ours = nonce()
        self._stations[msg.node_id] = Station(msg.node_id, member, Channel(self._secret, (theirs, ours), "master"))
        self._send(msg.node_id, sealed(self._secret, {"welcome": ours, "to": theirs}))

    def _refusal(self, name: str, theirs: str) -> str | None:
        """Return why a load generator of this name and version is not let in, or None."""
        if theirs != version():
            return f"The run has version {version()}, {name} has {theirs}."
        if any(each.member.name == name for each in self._stations.values() if not each.lost):
            if self._in_step:
                self._faults.append(f"a second load generator called {name} came")
            return f"A load generator called {name} is there already; choose another --name."
        if name not in self._known and len(self._known) >= self._number:
            return f"All {self._number} load generators of the run have come."
        return None

    def _join(self, station: Station) -> None:
        station.joined = True
        member = station.member
        if member.name not in self._known:
            self._report({"event": CAME, **asdict(member), "ahead": member.clock - time.time()})
        self._known[member.name] = member
        self._changed.set()

    def _beat(self) -> None:
        """Send a pulse to every load generator, and notice those who have fallen silent."""
        while True:
            began = time.perf_counter()
            gevent.sleep(PULSE)
            if time.perf_counter() - began > 2 * PULSE:
                continue  # this process stood still: first read what has come meanwhile
            for station in self._living():
                self._send(station.node, station.channel.send({"pulse": True}))
                if (silent := time.perf_counter() - station.heard) > SILENT:
                    self._lose(station, f"was silent for {silent:.0f} s")

    def _living(self) -> list[Station]:
        """Return the load generators that have come and are not lost, in the order of their names."""
        found = [each for each in self._stations.values() if each.joined and not each.lost]
        return sorted(found, key=lambda each: (len(each.member.name), each.member.name))

    def _lose(self, station: Station, why: str) -> None:
        if station.joined:
            self._faults.append(f"{station.member.name} {why}")
        station.lost = True
        self._known.pop(station.member.name, None)
        self._number -= station.joined
        station.events.put(None)
        self._changed.set()

    # ---- what comes from the run

    def wait(self, within: float | None = None) -> None:
        """Wait until all load generators have come, at most `within` seconds for those who came before.

        Raises NoneLeft if there is none.
        """
        until = None if within is None else time.perf_counter() + within
        while len(self._living()) < self._number:
            self._changed.clear()
            left = None if until is None else max(0.0, until - time.perf_counter())
            if not self._changed.wait(left):
                break
        for name in self._known.keys() - {each.member.name for each in self._living()}:
            self._faults.append(f"{name} did not come back")
            del self._known[name]
        self._number = len(self._living())
        self._some_left()

    def begin(self, job: Mapping[str, Any]) -> None:
        """Give all load generators a job, and report once they are ready for it."""
        self.wait(COME_WITHIN)
        every = self._living()
        for place, station in enumerate(every):
            self._tell(station, {"job": {**job, "share": asdict(Share(place, len(every)))}})
        ready = self._all(READY, SLACK)
        self._report({"event": READY, "fewest": max(each["fewest"] for each in ready.values())})

    def step(self, order: Mapping[str, Any]) -> None:
        """Run one step on all load generators, and report it."""
        self._some_left()
        self._faults.clear()
        self._in_step = True
        every = self._living()
        shares = {each.member.name: Share(place, len(every)) for place, each in enumerate(every)}
        for station in every:
            self._tell(station, {"order": {**order, "share": asdict(shares[station.member.name])}})
        patience = order["patience"]
        self._meet(GATHERED, patience)
        self._all(OPENED, order["warmup"] + patience)
        self._report({"event": OPENED})
        self._all(CLOSED, order["window"] + patience)
        self._report({"event": CLOSED})
        if order["load"]["kind"] == "open":
            self._meet(ENDED, patience)
        windows = self._all(MEASURED, patience)
        self._in_step = False
        generators = [
            {**windows[who.name], "name": who.name, "host": who.host, "local": who.local, **asdict(shares[who.name])}
            for who in (station.member for station in every)
            if who.name in windows
        ]
        self._report({"event": MEASURED, "generators": generators, "faults": self._faults})

    def again(self) -> None:
        """End the job: every load generator begins anew."""
        for station in self._living():
            self._tell(station, {"again": True})
        self._stations.clear()

    def over(self) -> None:
        """Let all load generators end."""
        for station in self._living():
            self._tell(station, {"over": True})

    def _meet(self, point: str, within: float) -> None:
        self._all(point, within)
        for station in self._living():
            self._tell(station, {"met": point})

    def _all(self, event: str, within: float) -> dict[str, dict[str, Any]]:
        """Return this event of every load generator by name, without those that are lost meanwhile."""
        until = time.perf_counter() + within + SLACK
        found = {}
        for station in self._living():
            try:
                told = station.events.get(timeout=max(0.0, until - time.perf_counter()))
            except Empty:
                self._lose(station, f"did not tell within {within + SLACK:.0f} s that it has {event}")
                continue
            if told is None:
                continue
            if told["event"] == REFUSED:
                raise Unusable(told["told"])
            if told["event"] != event:
                self._lose(station, f"told that it has {told['event']} instead of {event}")
                continue
            found[station.member.name] = told
        self._some_left()
        return found

    def _some_left(self) -> None:
        if not self._living():
            raise NoneLeft(f"No load generator is left: {'; '.join(self._faults) or 'none came'}.")

    def _tell(self, station: Station, content: Mapping[str, Any]) -> None:
        self._send(station.node, station.channel.send(content))


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

    fleet = Fleet(setting["secret"], setting["number"], send, report)
    runner.register_message(TYPE, fleet.heard)
    report({"event": LISTENING, "port": runner.server.port})
    try:
        fleet.wait()
        while line := hear(orders):
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
    finally:
        fleet.over()
        gevent.sleep(PULSE)  # until it is sent
        os._exit(0)  # without waiting for load generators that cannot be reached


if __name__ == "__main__":
    main()
