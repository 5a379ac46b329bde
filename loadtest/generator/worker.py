"""Run one of several load generators, a Locust worker with its share of each step: `HOST PORT NAME local|remote`.

The worker says hello to the master, gets a job and one order after the other, and tells its events in the same words
as a single load generator (see process.py). Before its users begin, it meets the others: it says so, and waits until
the master knows that all are there. After the job it becomes a new process, as a single load generator is for each
service.

It sends a pulse every half second, and ends once it has had none of the master for four seconds. No message says when
something happened: every time that counts is the difference of two readings of the same clock.
"""

import os
import socket
import sys
import time
from math import inf
from typing import Any, NoReturn

import gevent
from gevent.event import Event
from gevent.queue import Queue
from locust import runners
from locust.event import EventHook
from locust.rpc import Message
from locust.runners import WorkerRunner

from loadtest.contenders.cores import usable_cores

from . import latency_buckets
from .channel import TYPE, Channel, Forged, Lost, nonce, opened, sealed
from .crew import GONE, OVER, TOKEN, UNWANTED, version
from .orders import FAILED, GONE_AFTER, JOIN_WITHIN, JOINED, PULSE, PULSED, READY, REFUSED, received, received_job
from .own_users import Refused
from .slow_clients import slow_clients
from .steps import Generator, environment

TICKET = "GENERATOR_TICKET"
"""The environment variable that shows that a process was in the run before, under the same name."""

TRY_EVERY, TRIES = 10, 360
"""Seconds between two tries to reach a master, and their number: an hour in all."""


def end(status: int, told: str = "") -> NoReturn:
    """End this process at once, in the middle of whatever its users do."""
    if told:
        print(told, file=sys.stderr)
    sys.stderr.flush()
    os._exit(status)


class Link:
    """The connection of a worker to the master."""

    def __init__(self, runner: WorkerRunner, secret: str) -> None:
        self._runner = runner
        self._secret = secret
        self._nonce = nonce()
        self._channel: Channel | None = None
        self._joined = Event()
        self._orders = Queue[dict[str, Any]]()
        self._met = Event()
        self._heard_at = self._pulsed = time.perf_counter()
        self._ticket = os.environ.get(TICKET, "")
        runner.register_message(TYPE, self._heard)

    def join(self, about: dict[str, Any]) -> None:
        """Say hello, and return once the master has let this generator in."""
        self._send(sealed(self._secret, {"hello": self._nonce, **about}))
        if not self._joined.wait(JOIN_WITHIN):
            end(GONE, f"The run did not answer within {JOIN_WITHIN:g} s.")
        self.tell({"event": JOINED, "ticket": self._ticket})
        gevent.spawn(self._beat)

    def pulse(self, **_request: Any) -> None:
        """Tell the master that this generator is alive, if it has not for a while.

        Every request that ends calls this, because a full load generator has thousands of users who run before a timer
        does.
        """
        if time.perf_counter() - self._pulsed >= PULSE:
            self._pulsed = time.perf_counter()
            self.tell({"event": PULSED})

    def order(self) -> dict[str, Any]:
        """Return the next job or order."""
        found: dict[str, Any] = self._orders.get()
        return found

    def tell(self, event: dict[str, Any]) -> None:
        """Send an event to the master."""
        assert self._channel is not None
        self._send(self._channel.send(event))

    def meet(self, point: str) -> None:
        """Wait until all load generators have reached a point of the step."""
        self._met.clear()
        self.tell({"event": point})
        self._met.wait()

    def _send(self, message: dict[str, str]) -> None:
        self._runner.send_message(TYPE, message)

    def _beat(self) -> None:
        late = False
        while True:
            gevent.sleep(PULSE)
            self.pulse()
            was, late = late, time.perf_counter() - self._heard_at > GONE_AFTER - 2 * PULSE
            if was and late:  # twice, so that what came while this process stood still has been read
                end(GONE, f"Nothing was heard of the run for {GONE_AFTER:g} s: it was killed, or the network failed.")

    def _heard(self, msg: Message, **_environment: Any) -> None:
        if self._channel is None:
            self._answered(msg.data)
            return
        try:
            content = self._channel.receive(msg.data)
        except Forged:
            return
        except Lost:
            end(GONE, "A message of the run was lost, or came twice.")
        self._heard_at = time.perf_counter()
        if "met" in content:
            self._met.set()
        elif "ticket" in content:
            if not self._ticket:
                print("This load generator takes part in the run.", flush=True)
            self._ticket = content["ticket"]
        elif "over" in content:
            end(OVER)
        elif "refused" in content:
            end(UNWANTED, content["refused"])
        elif "again" in content:
            os.environ[TICKET] = self._ticket
            os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the command is our own
        elif "job" in content or "order" in content:
            self._orders.put(content)

    def _answered(self, message: Any) -> None:
        """Take the answer to the hello."""
        try:
            answer = opened(self._secret, message)
        except Forged:
            end(UNWANTED, "The secret is not that of the run.")
        if answer.get("to") != self._nonce:
            return  # to another one
        if "refused" in answer:
            end(UNWANTED, answer["refused"])
        self._channel = Channel(self._secret, (self._nonce, answer["welcome"]), "generator")
        self._heard_at = time.perf_counter()
        self._joined.set()


def hear_nothing_else(runner: WorkerRunner) -> None:
    """Ignore Locust's own orders, which are not signed: whoever can write to the connection could send load."""
    handle = runner.handle_message

    def heard(msg: Message) -> None:
        if msg.type in ("ack", "heartbeat", TYPE):
            handle(msg)

    runner.handle_message = heard  # type: ignore[method-assign] # of this runner


def main() -> None:
    """Run the steps of one job."""
    host, port, name, where = sys.argv[1:]
    latency_buckets.install()
    runners.MASTER_HEARTBEAT_TIMEOUT = inf  # type: ignore[assignment] # Locust counts it by the wall clock, which may be set
    known = environment()
    waiting = gevent.spawn_later(JOIN_WITHIN, end, GONE, "The run is gone.") if TICKET in os.environ else None
    runners.CONNECT_TIMEOUT, runners.CONNECT_RETRY_COUNT = TRY_EVERY, TRIES
    try:
        runner = known.create_worker_runner(host, int(port))
    except ConnectionError:
        end(GONE, f"No run came to {host}:{port} within an hour.")
    hear_nothing_else(runner)
    known.events.report_to_master = EventHook()  # type: ignore[no-untyped-call] # a report would reset the statistics
    link = Link(runner, os.environ[TOKEN])
    about = {"name": name, "host": socket.gethostname(), "cores": usable_cores(), "local": where == "local"}
    link.join({**about, "version": version(), "clock": time.time()})
    if waiting is not None:
        waiting.kill()
    try:
        job = received_job(link.order()["job"])
        if job.locustfile is not None and not about["local"]:
            raise Refused("Users of a locustfile run on the machine of the command alone.")
        generator = Generator(known, job, link.tell, link.meet)
        known.events.request.add_listener(link.pulse)  # type: ignore[no-untyped-call] # untyped in Locust
        with slow_clients(job.url, job.share.part(job.slow_clients)):
            link.tell({"event": READY, "fewest": generator.fewest})
            while True:
                generator.measure(received(link.order()["order"]))
    except Refused as error:
        link.tell({"event": REFUSED, "told": str(error)})
    except Exception as error:
        link.tell({"event": FAILED, "told": f"{type(error).__name__}: {error}"})
    Event().wait()  # until the master says what comes next


if __name__ == "__main__":
    main()
