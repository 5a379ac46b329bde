"""What is asked for on the command line, checked."""

import argparse
import ipaddress
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from backing.postgres import CONNECTIONS
from contract.settings import Settings
from loadtest.contenders.selection import every
from loadtest.contenders.service import CORE, Service, cores, lineup
from loadtest.measure.comparison import Stranger
from loadtest.results.schema import FILE, Options
from loadtest.workload.durations import seconds as seconds_of
from loadtest.workload.scenarios import longest

QUICK_SERVICES = ("flask", "flask-threads", "aiohttp")


class Mistake(Exception):
    """Something wrong on the command line, told in one sentence."""


def options(given: argparse.Namespace) -> Options:
    """What compare was asked to run; Mistake where it cannot."""
    quick: bool = given.quick
    users = _users(given.users if given.users is not None else ("1,8,32,200" if quick else "1,10,64,400"))
    delay: str = given.delay if given.delay is not None else ("100ms" if quick else "250ms")
    seconds: float = given.seconds if given.seconds is not None else 1.0
    repeats: int = given.repeats if given.repeats is not None else (1 if quick else 2)
    wait, think = seconds_of("--delay", delay), seconds_of("--think", given.think)
    if wait < 0.001:
        raise Mistake(f"--delay takes at least 1ms, so that there is a wait to measure; got {delay!r}.")
    if wait > longest(given.scenario):
        raise Mistake(f"--delay takes at most {longest(given.scenario):g}s for {given.scenario}; got {delay!r}.")
    refuse_sizes(seconds, repeats)
    return Options(
        scenario=given.scenario,
        users=users,
        delay=delay,
        wait=wait,
        think=think,
        seconds=seconds,
        repeats=repeats,
        quick=quick,
    )


def refuse_sizes(seconds: float, repeats: int) -> None:
    """Refuse windows that are too short or too long, and none or too many of them."""
    if not 0.5 <= seconds <= 600:
        raise Mistake(f"--seconds takes a number from 0.5 to 600; got {seconds:g}.")
    if not 1 <= repeats <= 20:
        raise Mistake(f"--repeats takes a whole number from 1 to 20; got {repeats}.")


def _users(text: str) -> list[int]:
    counts = text.split(",")
    if not all(count.isdecimal() and 1 <= int(count) <= 10_000 for count in counts):
        raise Mistake(f"--users takes whole numbers from 1 to 10000 with commas between them; got {text!r}.")
    return sorted({int(count) for count in counts})


def contenders(given: argparse.Namespace) -> list[Service | Stranger]:
    """Whom compare was asked to compare; Mistake or ValueError where it cannot."""
    strangers = [_stranger(text, given.path, allow_remote=given.allow_remote) for text in given.target]
    default = ",".join(QUICK_SERVICES if given.quick else CORE)
    ours = services(default if given.services is None else given.services)
    everyone: list[Service | Stranger] = [*ours, *strangers]
    refuse_twice(everyone, "compared")
    return everyone


def services(text: str) -> list[Service]:
    """The services that a list with commas names; ValueError where there is no such, or where one is not installed."""
    return every(text, lineup(cores(), Settings.from_mapping(os.environ).pool_size))


def refuse_twice(everyone: Sequence[Service | Stranger], done: str) -> None:
    """Refuse two of one name: their figures would be one."""
    names = [each.name for each in everyone]
    if len(set(names)) < len(names):
        raise Mistake(f"Each service can be {done} once; got {', '.join(names)}.")


def refuse_too_many_connections(everyone: Sequence[Service | Stranger]) -> None:
    """Refuse a service whose pools the embedded database could not fill."""
    for service in everyone:
        if isinstance(service, Service) and service.connections > CONNECTIONS:
            raise Mistake(
                f"{service.name} would open {service.connections} connections to the database, which takes "
                f"{CONNECTIONS}; choose a smaller pool-size or fewer workers."
            )


def _stranger(text: str, path: str, *, allow_remote: bool) -> Stranger:
    name, equals, url = text.partition("=")
    if not (name and equals and _is_origin(url)):
        raise Mistake(f"--target takes NAME=http://HOST:PORT, and --path the path; got {text!r}.")
    if not name.isprintable():
        raise Mistake(f"--target takes a name that can be printed; got {name!r}.")
    if not path.startswith("/"):
        raise Mistake(f"--path begins with a slash; got {path!r}.")
    host = urlsplit(url).hostname or ""
    if not allow_remote and not _is_loopback(host):
        raise Mistake(f"{host} is not this machine. Load on others needs --allow-remote, and their consent.")
    return Stranger(name, url.rstrip("/"), path)


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and (parts.path or "/", parts.query, parts.fragment) == ("/", "", "")
        )
    except ValueError:  # a port or an IPv6 address that is none
        return False


def folder(text: str) -> Path:
    """The folder of this name, made if need be; Mistake where nothing can be written there."""
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):  # so that no run is lost for want of a place to write it
            return folder
    except OSError as error:
        raise Mistake(f"--out {text!r} cannot be written to: {error.strerror}.") from None


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise Mistake(f"There is no address for {host!r}: {error.strerror}.") from None
    return all(ipaddress.ip_address(address[4][0]).is_loopback for address in found)


def results_file(text: str) -> Path:
    """The results file of this name, or in the folder of this name; Mistake where there is none."""
    path = Path(text)
    if path.is_dir():
        path /= FILE
    if not path.is_file():
        raise Mistake(f"There is no file {str(path)!r}.")
    return path
