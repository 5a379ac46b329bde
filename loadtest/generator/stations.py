"""The load generators that have come to a master: who is let in, who is there, and who is lost."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import gevent
from gevent.event import Event
from gevent.queue import Queue
from locust.rpc import Message

from .channel import Channel, Forged, Lost, nonce, opened, sealed
from .crew import Member, version
from .orders import CAME, FAILED, GONE_AFTER, JOIN_WITHIN, JOINED, NOTICE, PULSE, PULSED

SILENT = 3.0
"""Seconds without a message after which a load generator counts as lost."""

SETTLED = GONE_AFTER + 2 * PULSE
"""Seconds after which a load generator that was lost has ended: it is told so, or ends without a word of the master."""


@dataclass
class Station:
    """A load generator as its master knows it."""

    node: str
    """The id among Locust's workers."""
    member: Member
    channel: Channel
    events: Queue[dict[str, Any] | None] = field(default_factory=Queue)
    """The events that nobody has waited for yet; None: the load generator is lost."""
    joined: bool = False
    lost: bool = False
    heard: float = field(default_factory=time.perf_counter)


class Stations:
    """The load generators of a run, `number` of them at first.

    `send` sends a message to one of Locust's workers, `report` an event to the run.
    """

    def __init__(
        self,
        secret: str,
        number: int,
        send: Callable[[str, dict[str, str]], None],
        report: Callable[[dict[str, Any]], None],
    ) -> None:
        self.faults: list[str] = []
        """The faults since the step began, each a sentence without its end."""
        self.in_step = False
        self._secret, self._number = secret, number
        self._send, self._report = send, report
        self._stations: dict[str, Station] = {}
        self._known: dict[str, str] = {}
        """The tickets, by name, of the load generators that have come, for as long as they are not lost."""
        self._begun = False
        self._changed = Event()
        self._last_loss = -SETTLED
        gevent.spawn(self._beat)

    @property
    def living(self) -> list[Station]:
        """The load generators that have come and are not lost, in the order of their names."""
        found = [each for each in self._stations.values() if each.joined and not each.lost]
        return sorted(found, key=lambda each: (len(each.member.name), each.member.name))

    def wait(self, within: float | None = None) -> None:
        """Wait until all load generators have come, at most `within` seconds for those that came before."""
        until = None if within is None else time.perf_counter() + within
        while len(self.living) < self._number:
            self._changed.clear()
            if not self._changed.wait(None if until is None else max(0.0, until - time.perf_counter())):
                break
        for name in self._known.keys() - {each.member.name for each in self.living}:
            del self._known[name]
            self._note(f"{name} did not come back")
        self._number, self._begun = len(self.living), True

    def settle(self) -> None:
        """Wait until a load generator that was lost has ended, so that no users but those of a step are there."""
        gevent.sleep(max(0.0, self._last_loss + SETTLED - time.perf_counter()))

    def tell(self, station: Station, content: Mapping[str, Any]) -> None:
        """Send a message to a load generator."""
        self._send(station.node, station.channel.send(content))

    def forget(self) -> None:
        """Forget the connections: every load generator comes anew."""
        self._stations.clear()

    def lose(self, station: Station, why: str) -> None:
        """Note that a load generator takes part no longer, and tell it to end."""
        self.tell(station, {"over": True})
        station.lost = True
        station.events.put(None)
        self._changed.set()
        if not station.joined:
            return
        self._last_loss = time.perf_counter()
        self._known.pop(station.member.name, None)
        self._number -= self._begun
        self._note(f"{station.member.name} {why}")

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
            self.lose(station, "lost a message, or sent it twice")
            return
        station.heard = time.perf_counter()
        if content["event"] == JOINED:
            self._join(station, content["ticket"])
        elif content["event"] == FAILED:
            self.lose(station, f"failed: {content['told']}")
        elif content["event"] != PULSED:
            station.events.put({**content, "heard": station.heard})

    def _greet(self, msg: Message) -> None:
        """Answer a hello. A name is taken with the first message that only its sender can sign, not with a hello."""
        try:
            hello = opened(self._secret, msg.data)
        except Forged:
            self._send(msg.node_id, {"stranger": "yes"})
            return
        if "hello" not in hello:
            return
        theirs, name = hello.pop("hello"), hello["name"]
        why = ""
        if hello["version"] != version():
            why = f"{name} has another version than the run; install the same one.\n  {hello['version']}\n  {version()}"
        elif name not in self._known and len(self._known) >= self._number:
            why = f"All {self._number} load generators of the run have come."
        if why:
            self._send(msg.node_id, sealed(self._secret, {"refused": why, "to": theirs}))
            return
        ours = nonce()
        channel = Channel(self._secret, (theirs, ours), "master")
        self._stations[msg.node_id] = Station(msg.node_id, Member(**hello), channel)
        self._send(msg.node_id, sealed(self._secret, {"welcome": ours, "to": theirs}))

    def _join(self, station: Station, ticket: str) -> None:
        """Admit a new load generator, or one that begins anew and has the ticket of its name."""
        member = station.member
        if self._known.get(member.name, "") != ticket:
            self.tell(station, {"refused": f"A load generator called {member.name} is there already; choose a --name."})
            station.lost = True
            if self.in_step:
                self.faults.append(f"a second load generator called {member.name} came")
            return
        station.joined = True
        if not ticket:
            self._report({"event": CAME, **asdict(member), "ahead": member.clock - time.time()})
            self._known[member.name] = nonce()
        self.tell(station, {"ticket": self._known[member.name]})
        self._changed.set()

    def _note(self, fault: str) -> None:
        if self.in_step:
            self.faults.append(fault)
        self._report({"event": NOTICE, "told": f"{fault}: the run goes on without it"})

    def _beat(self) -> None:
        """Send a pulse to every load generator, and notice those that have fallen silent."""
        while True:
            began = time.perf_counter()
            gevent.sleep(PULSE)
            now = time.perf_counter()
            if now - began > 2 * PULSE:
                continue  # this process stood still: first read what has come meanwhile
            for station in self.living:
                self.tell(station, {"pulse": True})
                if now - station.heard > SILENT:
                    self.lose(station, f"was silent for {now - station.heard:.0f} s")
            for station in [*self._stations.values()]:
                if not station.joined and now - station.heard > JOIN_WITHIN:
                    del self._stations[station.node]
