"""Benchmark: what a fault of one of two load generators, at a random moment of a window, does to the step's verdict."""

import os
import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from secrets import token_urlsafe
from socket import create_server
from threading import Thread, Timer

from backing.environment import Backing
from backing.processes import PYTHON, logged
from loadtest.bench import Finding
from loadtest.contenders.cores import SHARED
from loadtest.contenders.service import ASYNC, UVLOOP_WORKER, Service
from loadtest.generator.crew import TOKEN, Crew
from loadtest.generator.orders import Job, Order
from loadtest.generator.starting import generators
from loadtest.measure.clocks import Clocks, measure
from loadtest.processes.service import running
from loadtest.results.schema import Measured
from loadtest.verdict.generators import doubts
from loadtest.workload.closed import Closed

SERVICE = Service("aiohttp", ASYNC, UVLOOP_WORKER, workers=1, threads=1)
ORDER = Order(Closed(20), warmup=0.3, window=2.0, patience=5.0)
JOB = ("aiohttp", "delay", "100ms", 0.1)

STOPPED = 5.0
"""Seconds for which a load generator is stopped."""

TIMES = 20
"""Trials of each fault."""

NAME = "victim"


class Relay:
    """A TCP connection between a load generator and the master that can be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cut = False
        self._ends: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Carry nothing any more, without telling either side: connections stay open."""
        self._cut = True

    def close(self) -> None:
        """Close everything."""
        for each in (self._listener, *self._ends):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = self._connected()
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _connected(self) -> socket.socket:
        """Connect to the master, which may not listen yet."""
        while True:
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self._target))
            time.sleep(0.05)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self._cut:
                    target.sendall(data)


@dataclass(frozen=True)
class Victim:
    """The load generator that has the fault, the relay that connects it, and one of the same name that waits."""

    process: subprocess.Popen[str]
    relay: Relay
    second: subprocess.Popen[str]

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()

    def stop(self) -> None:
        """Stop it for STOPPED seconds."""
        self.process.send_signal(signal.SIGSTOP)
        Timer(STOPPED, self._resume).start()

    def _resume(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)

    def cut_off(self) -> None:
        """Cut it off from the master."""
        self.relay.cut()

    def set_clock(self) -> None:
        """Set its clock five minutes ahead."""
        self.process.send_signal(signal.SIGUSR1)

    def lose(self) -> None:
        """Lose its next message."""
        self.process.send_signal(signal.SIGUSR2)

    def double(self) -> None:
        """Start a second load generator of the same name."""
        assert self.second.stdin is not None
        print("come", file=self.second.stdin, flush=True)


FAULTS: dict[str, Callable[[Victim], None]] = {
    "killed": Victim.kill,
    f"stopped for {STOPPED:g} s": Victim.stop,
    "cut off from the master": Victim.cut_off,
    "its clock set five minutes ahead": Victim.set_clock,
    "a message lost": Victim.lose,
    "a second one of the same name": Victim.double,
}

HARMLESS = "its clock set five minutes ahead"
"""The fault that must change nothing."""


def report() -> Iterator[Finding]:
    """Yield one finding for each fault."""
    moments = random.Random(1)  # noqa: S311 - reproducible, not secret
    for name, fault in FAULTS.items():
        found = Counter[str]()
        for _ in range(TIMES):
            told = trial(fault, moments.uniform(0.0, 0.9 * ORDER.window))
            found["inconclusive" if told else "trusted"] += 1
        expected = "trusted" if name == HARMLESS else "inconclusive"
        yield Finding(
            f"{name}: {found[expected]} of {TIMES} steps {expected} (aim: {TIMES})", met=found[expected] == TIMES
        )


def trial(fault: Callable[[Victim], None], moment: float) -> list[str]:
    """Run a step from two load generators, one of which has a fault `moment` seconds after its window opened.

    Return the doubts about the load generators.
    """
    with _victim() as (victim, crew), running(SERVICE) as server, generators(crew, lambda _: None) as lend:
        with lend() as driver:
            name, scenario, delay, wait = JOB
            driver.begin(Job(name, server.url, scenario, delay, wait))
            clocks = Clocks(server, Backing({}, {}), SHARED)
            measured: Measured = measure(driver, clocks, ORDER, Timer(moment, fault, [victim]).start)
        return doubts(ORDER.load, measured, together=False)


@contextmanager
def _victim() -> Iterator[tuple[Victim, Crew]]:
    """Yield a load generator that waits for the run of a crew, and that crew."""
    with create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    crew = Crew(local=1, remote=1, port=port, secret=token_urlsafe())
    relay = Relay(port)
    told = {**os.environ, TOKEN: crew.secret}
    with ExitStack() as started:
        started.callback(relay.close)
        processes = [
            started.enter_context(logged([*PYTHON, "loadtest.bench.odd_worker", *where], told, subprocess.PIPE))[0]
            for where in (
                ("127.0.0.1", str(relay.port), NAME, "remote"),
                ("127.0.0.1", str(port), NAME, "remote"),
            )
        ]
        victim = Victim(processes[0], relay, processes[1])
        assert victim.process.stdin is not None
        print("come", file=victim.process.stdin, flush=True)
        yield victim, crew
