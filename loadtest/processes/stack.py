"""A stack in one terminal: database, upstream, services, and Locust for a race, started and stopped together."""

import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from io import SEEK_END, StringIO
from itertools import count, cycle
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from backing.environment import upstream_command
from backing.postgres import Database, database
from backing.processes import PYTHON, lines_of, start, stop, unread
from contract import ports
from contract.operations import OPERATIONS
from loadtest.contenders.service import Service, in_words
from serving.taken_port import why_not

from . import qr_code, signals
from .room import LOOPBACK, Room, in_url, url
from .service import ServiceFailed, answering_process

DATABASE, UPSTREAM, RACE, GENERATOR = "database", "upstream", "race", "generator"
"""The names of these processes in the terminal; load generators are numbered."""

PORTS = {"sync_app": ports.SYNC_APP, "async_app": ports.ASYNC_APP}
"""The port of the first service of each module."""

SHOWN = ("delay", "query", "fetch", "ask", "answer")
"""The endpoints whose curl examples are printed."""

MOST_SHOWN = 4
"""The maximum number of services to print curl examples for. With more services, only the first has examples."""

COLOURS = ("blue", "yellow", "cyan", "magenta", "green", "red")

LOOK_EVERY = 0.05
"""The pause in seconds between two checks for new output and exited processes."""

LAST_WORDS = 1.0
"""The time in seconds to read the last output of a process that exited."""


@dataclass(frozen=True)
class StackProcess:
    """A process to start: its name in the terminal, command, port and additional environment variables."""

    name: str
    command: Sequence[str]
    port: int | None
    """The port on which it listens, or None if it does not."""
    environment: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    """The kind, set-up and software of a service, or an empty string."""
    folder: Path | None = None
    """The working directory, if it is not that of this process."""
    host: str = LOOPBACK
    """The address at which this machine opens it."""
    hosts: tuple[str, ...] = (LOOPBACK,)
    """The addresses on which it listens."""
    others: tuple[str, ...] = ()
    """The URLs at which others in the room open it."""

    @property
    def url(self) -> str:
        """The URL on which the process will answer, or an empty string if it does not listen."""
        return "" if self.port is None else url(self.host, self.port)

    def hosted(self, room: Room | None) -> "StackProcess":
        """Return this service, to be started on the addresses of a room instead of on 127.0.0.1."""
        if room is None or self.port is None:
            return self
        return replace(
            self,
            command=[*self.command, "--host", room.host],
            host=room.shown[0],
            hosts=(room.host,),
            others=tuple(url(address, self.port) for address in room.shown),
        )


def twins(room: Room | None = None) -> list[StackProcess]:
    """Return both twins, with the commands that a user would type."""
    every = [StackProcess(name, [*PYTHON, name, "--port", str(port)], port) for name, port in PORTS.items()]
    return [each.hosted(room) for each in every]


def parts(services: Iterable[Service], room: Room | None = None) -> list[StackProcess]:
    """Return the processes of these services, each on its own port, on the addresses of `room` or on 127.0.0.1."""
    first, others = dict(PORTS), count(ports.OTHERS)
    found = []
    for service in services:
        port = first.pop(service.module) if service.module in first else next(others)
        about = f"{service.kind}, {service.made_of}; {in_words(service.software)}"
        part = StackProcess(service.name, service.command(port), port, service.environment, about)
        found.append(part.hosted(room))
    return found


def serve(services: Iterable[StackProcess], screen: Console) -> NoReturn:
    """Run services, with their database and upstream, until one exits or a signal arrives.

    Raises:
        ServiceFailed: if a port is taken, or a process exited.
        BackingFailed: if the database does not start.
        KeyboardInterrupt: on Ctrl-C, SIGTERM or SIGHUP.

    """
    signals.raise_interrupts()
    environment = dict(os.environ)
    everything = list(services)
    if not environment.get("UPSTREAM_URL"):
        environment["UPSTREAM_URL"] = f"http://127.0.0.1:{ports.UPSTREAM}"
        everything.insert(0, StackProcess(UPSTREAM, upstream_command(ports.UPSTREAM), ports.UPSTREAM))
    for part in everything:
        if (port := part.port) is None:
            continue
        for host in part.hosts:
            try:
                create_server((host, port), family=AF_INET6 if ":" in host else AF_INET).close()
            except OSError as error:
                why = why_not(error, port)
                raise ServiceFailed(f"{part.name} cannot listen on {in_url(host)}:{port}: {why}.") from None
    with nullcontext() if environment.get("DATABASE_URL") else database() as own:
        if own:
            environment["DATABASE_URL"] = own.url
        with _running(everything, environment) as running:
            _Terminal(screen, running, own).watch()


class _Started:
    def __init__(self, part: StackProcess, process: subprocess.Popen[str]) -> None:
        self.name, self.url, self.about, self.others = part.name, part.url, part.about, part.others
        self.process = process
        self._lines = lines_of(process.stdout)

    def said(self, within: float = 0.0) -> Iterator[str]:
        """Yield the lines of output as `unread` does."""
        return unread(self._lines, within)


@contextmanager
def _running(everything: Iterable[StackProcess], environment: Mapping[str, str]) -> Iterator[list[_Started]]:
    """Start all processes, yield them, and stop them together when the context exits."""
    started: list[_Started] = []
    try:
        for part in everything:
            told = {**environment, **part.environment}
            process = start(part.command, subprocess.STDOUT, told, folder=part.folder)
            started.append(_Started(part, process))
        yield started
    finally:
        signals.ignore()
        with ThreadPoolExecutor() as pool:
            list(pool.map(stop, [each.process for each in started]))


class _Terminal:
    """The combined output of all processes, line by line, each line after the name of its process."""

    def __init__(self, screen: Console, running: list[_Started], own: Database | None) -> None:
        self._screen = screen
        self._running = running
        self._database = own
        names = [DATABASE, *(each.name for each in running)]
        self._width = max(map(len, names))
        self._colours = dict(zip(names, cycle(COLOURS), strict=False))

    def watch(self) -> NoReturn:
        """Print all output until a process exits, then raise ServiceFailed."""
        waited_for = [each for each in self._running if each.url]
        with open(self._database.log) if self._database else StringIO() as log:
            log.seek(0, SEEK_END)
            while True:
                self._show(DATABASE, log)
                for each in self._running:
                    self._show(each.name, each.said())
                    if each.process.poll() is not None:
                        self._show(each.name, each.said(LAST_WORDS))
                        raise ServiceFailed(f"{each.name} exited with status {each.process.returncode}.")
                if self._database and not self._database.runs():
                    raise ServiceFailed("The database exited.")
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
            self._screen.print(Text(f"\nRace page: {each.url}/race", self._colours[RACE]), soft_wrap=True)
            if each.about:
                self._screen.print(f"  {each.about}", soft_wrap=True)
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
        self._invite([other for each in racing or services for other in each.others])
        self._screen.print("\nCtrl-C stops everything.\n")

    def _invite(self, urls: Sequence[str]) -> None:
        """Print the URLs for others in the room, and the first one as a QR code if the terminal can show it."""
        if urls:
            self._screen.print(f"\nIn the room: {', '.join(urls)}", soft_wrap=True)
        if urls and self._screen.is_terminal and self._screen.color_system and not self._screen.no_color:
            self._screen.print(qr_code.in_terminal(urls[0]))
