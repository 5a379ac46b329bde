"""All of it in one terminal: the database, the upstream, the services, and Locust for a race, up and down together."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from io import SEEK_END, StringIO
from itertools import count, cycle
from queue import Empty
from socket import create_server
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from backing.environment import upstream_command
from backing.postgres import Database, database
from backing.processes import lines_of, start, stop
from contract import ports
from contract.operations import OPERATIONS
from loadtest.contenders.service import Service, in_words

from . import signals
from .service import ServiceFailed, answering_process

DATABASE, UPSTREAM, RACE = "database", "upstream", "race"
"""Their names in the terminal."""

PORTS = {"sync_app": ports.SYNC_APP, "async_app": ports.ASYNC_APP}
"""Of the first service of each module."""

SHOWN = ("delay", "query", "fetch", "ask", "answer")
"""The endpoints to try first."""

MOST_SHOWN = 4
"""Services of which each has its endpoints told; of more, only the first has."""

COLOURS = ("blue", "yellow", "cyan", "magenta", "green", "red")

LOOK_EVERY = 0.05
"""Seconds between two looks at what there is to show."""

LAST_WORDS = 1.0
"""Seconds that there are to read what one said before it ended."""


@dataclass(frozen=True)
class StackProcess:
    """A process to be: its name in the terminal, its command, its port, and what it is told beside."""

    name: str
    command: Sequence[str]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    """What it is made of, where that is known."""

    @property
    def url(self) -> str:
        """Where it will answer."""
        return f"http://127.0.0.1:{self.port}"


def twins() -> list[StackProcess]:
    """Both twins as they are when they are started by hand."""
    return [StackProcess(name, [sys.executable, "-m", name, "--port", str(port)], port) for name, port in PORTS.items()]


def parts(services: Iterable[Service]) -> list[StackProcess]:
    """These services, each on a port of its own."""
    first, others = dict(PORTS), count(ports.OTHERS)
    found = []
    for service in services:
        port = first.pop(service.module) if service.module in first else next(others)
        about = f"{service.kind}, {service.made_of}; {in_words(service.software)}"
        found.append(StackProcess(service.name, service.command(port), port, service.environment, about))
    return found


def serve(services: Iterable[StackProcess], screen: Console) -> NoReturn:
    """Run them, with what they wait for, until one of them ends or we are interrupted.

    Raises:
        ServiceFailed: where a port is taken, or one of them ended.
        BackingFailed: where the database does not start.
        KeyboardInterrupt: on Ctrl-C, and when this process is told to end.

    """
    signals.raise_interrupts()
    environment = dict(os.environ)
    everything = list(services)
    if not environment.get("UPSTREAM_URL"):
        environment["UPSTREAM_URL"] = f"http://127.0.0.1:{ports.UPSTREAM}"
        everything.insert(0, StackProcess(UPSTREAM, upstream_command(ports.UPSTREAM), ports.UPSTREAM))
    for part in everything:
        try:
            create_server(("127.0.0.1", part.port)).close()
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise ServiceFailed(f"{part.name} cannot listen on 127.0.0.1:{part.port}: {why}.") from None
    with nullcontext() if environment.get("DATABASE_URL") else database() as own:
        if own:
            environment["DATABASE_URL"] = own.url
        with _running(everything, environment) as running:
            _Terminal(screen, running, own).watch()


class _Started:
    def __init__(self, part: StackProcess, process: subprocess.Popen[str]) -> None:
        self.name, self.url, self.about = part.name, part.url, part.about
        self.process = process
        self._lines = lines_of(process.stdout)

    def said(self, within: float = 0.0) -> Iterator[str]:
        """Its lines that nobody has read yet, and until it ends, those that come within so many seconds."""
        deadline = time.monotonic() + within
        with suppress(Empty):
            while line := self._lines.get(timeout=max(0.0, deadline - time.monotonic())):
                yield line


@contextmanager
def _running(everything: Iterable[StackProcess], environment: Mapping[str, str]) -> Iterator[list[_Started]]:
    """All of them, stopped together when the context is left."""
    started: list[_Started] = []
    try:
        for part in everything:
            process = start(part.command, subprocess.STDOUT, {**environment, **part.environment})
            started.append(_Started(part, process))
        yield started
    finally:
        signals.ignore()
        with ThreadPoolExecutor() as pool:
            list(pool.map(stop, [each.process for each in started]))


class _Terminal:
    """What all of them say, line by line, each behind its name."""

    def __init__(self, screen: Console, running: list[_Started], own: Database | None) -> None:
        self._screen = screen
        self._running = running
        self._database = own
        names = [DATABASE, *(each.name for each in running)]
        self._width = max(map(len, names))
        self._colours = dict(zip(names, cycle(COLOURS), strict=False))

    def watch(self) -> NoReturn:
        """Show everything until one of them ends: ServiceFailed."""
        waited_for = self._running
        with open(self._database.log) if self._database else StringIO() as log:
            log.seek(0, SEEK_END)
            while True:
                self._show(DATABASE, log)
                for each in self._running:
                    self._show(each.name, each.said())
                    if each.process.poll() is not None:
                        self._show(each.name, each.said(LAST_WORDS))
                        raise ServiceFailed(f"{each.name} ended with status {each.process.returncode}.")
                if self._database and not self._database.runs():
                    raise ServiceFailed("The database ended.")
                if waited_for:
                    waited_for = [each for each in waited_for if not answering_process(each.url)]
                    if not waited_for:
                        self._greet()
                time.sleep(LOOK_EVERY)

    def _show(self, name: str, lines: Iterable[str]) -> None:
        for line in lines:
            behind = (f"{name:{self._width}} | ", self._colours[name])
            self._screen.print(Text.assemble(behind, line.rstrip()), soft_wrap=True)

    def _greet(self) -> None:
        racing = [each for each in self._running if each.name == RACE]
        for each in racing:
            self._screen.print(Text(f"\nThe race is on {each.url}/race", self._colours[RACE]), soft_wrap=True)
        services = [each for each in self._running if each.name != UPSTREAM and not racing]
        for place, each in enumerate(services):
            self._screen.print(Text(f"\n{each.name} is on {each.url}", self._colours[each.name]), soft_wrap=True)
            if each.about:
                self._screen.print(f"  {each.about}", soft_wrap=True)
            if place == 0 or len(services) <= MOST_SHOWN:
                for operation in OPERATIONS:
                    if operation.name in SHOWN:
                        sent = "-d soup " if operation.takes.from_body else ""
                        self._screen.print(f"  curl -i {sent}'{each.url}{operation.example}'", soft_wrap=True)
        self._screen.print("\nCtrl-C stops all of it.\n")
