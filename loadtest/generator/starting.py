"""Start the load generators of a run, and stop them: their master, and those of this machine."""

import os
import queue
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from typing import IO, Any

from backing.processes import PYTHON, logged, tail
from loadtest.english import count

from .crew import TOKEN, Crew
from .driver import COMMAND, Driver, GeneratorFailed, generator
from .orders import COMPLETE, LISTENING

FLEET = [*PYTHON, "loadtest.generator.fleet"]
WORKER = [*PYTHON, "loadtest.generator.worker"]

START_WITHIN = 60.0
"""Seconds that the master, and the load generators of this machine, may take to start."""

OFF = 1.0
"""Seconds by which the clock of a load generator may be off before that is said. It changes nothing."""

END_WITHIN = 3.0
"""Seconds that the master may take to end."""

LOOK_EVERY = 0.2
"""Seconds between two looks whether a load generator of this machine has ended."""

Lend = Callable[[], AbstractContextManager[Driver]]
"""A function that lends the load generators of a run for one service."""


@contextmanager
def generators(crew: Crew, came: Callable[[dict[str, Any]], None]) -> Iterator[Lend]:
    """Run the load generators of a run until the context exits, and yield the function that lends them.

    One generator is a new process each time. Several are the same ones, which begin anew; for each of them that has
    come, `came` gets its description. Raises GeneratorFailed if the master or one of this machine's does not start.
    """
    if crew.alone:
        yield generator
        return
    with ExitStack() as started:
        process, log = started.enter_context(logged(FLEET, stdin=subprocess.PIPE))
        driver = Driver(process, log)
        driver.masters = (process.pid,)
        driver.say({"address": crew.address, "port": crew.port, "secret": crew.secret, "number": crew.number})
        port = driver.hear(LISTENING, START_WITHIN)["port"]
        environment = {**os.environ, TOKEN: crew.secret}
        local = [
            started.enter_context(logged([*WORKER, crew.address, str(port), name, "local"], environment))
            for name in (f"generator {number + 1}" for number in range(crew.local))
        ]
        started.callback(_end, process)
        _await(driver, local, crew, came)
        yield partial(_lent, driver, [])


def command(crew: Crew) -> list[str]:
    """Return the command of a load generator, without its arguments."""
    return COMMAND if crew.alone else WORKER


def introduction(member: Mapping[str, Any], crew: Crew) -> str:
    """Return in words who has come, with what may differ from this machine if it is another one."""
    told = f"{member['name']} has come"
    if member["local"]:
        return told
    clock = f"; its clock is {member['ahead']:+.1f} s off" if abs(member["ahead"]) > OFF else ""
    cores = count(int(member["cores"]), "core")
    return f"{told}, one of {crew.number}: {member['host']}, {cores}, version {member['version']}{clock}"


def _await(
    driver: Driver,
    local: list[tuple[subprocess.Popen[str], IO[str]]],
    crew: Crew,
    came: Callable[[dict[str, Any]], None],
) -> None:
    """Wait until all have come: those of other machines as long as it takes."""
    until = time.monotonic() + START_WITHIN
    here: set[str] = set()
    while True:
        try:
            event = driver.next(LOOK_EVERY)
        except queue.Empty:
            for process, log in local:
                if process.poll() is not None:
                    raise GeneratorFailed(f"A load generator has exited.\n{tail(log)}") from None
            if len(here) < crew.local and time.monotonic() > until:
                raise GeneratorFailed(f"{len(here)} of {crew.local} load generators started.") from None
            continue
        if event["event"] == COMPLETE:
            return
        if event["local"]:
            here.add(event["name"])
        came(event)


def _end(master: subprocess.Popen[str]) -> None:
    """Close the input of the master, and wait until it has told all load generators that the run is over."""
    assert master.stdin is not None
    with suppress(BrokenPipeError):
        master.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        master.wait(END_WITHIN)


@contextmanager
def _lent(driver: Driver, before: list[bool]) -> Iterator[Driver]:
    """Yield the driver of load generators, which begin anew if they were lent `before`."""
    if before:
        driver.again()
    before.append(True)
    yield driver
