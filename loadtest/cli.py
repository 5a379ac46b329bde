"""The command sync-vs-async."""

import argparse
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn
from urllib.parse import urlsplit

from pydantic import ValidationError
from rich.console import Console

from backing import BackingFailed
from backing.environment import backing
from backing.postgres import CONNECTIONS
from contract.parameters import Duration
from contract.settings import Settings
from serving.command_line import Parser as OneLineParser
from serving.serve import raise_descriptors

from . import endings
from .compare import Comparison, Stranger
from .driver import GeneratorFailed
from .lineup import Service, chosen, cores, lineup
from .results import Options, save
from .scenarios import ABOUT, longest
from .serve import Part, parts, serve, twins
from .services import ServiceFailed
from .terminal import console, progress, show
from .verdict import conclusive

VERDICT, FAILED, INCONCLUSIVE = 0, 1, 2

QUICK_SERVICES = ("flask", "flask-threads", "aiohttp")

COMPARE_EXAMPLES = """examples:
  sync-vs-async compare                                        the whole line-up, in at most two minutes
  sync-vs-async compare --quick                                three services, in at most half a minute
  sync-vs-async compare --services flask-threads,aiohttp       two of them
  sync-vs-async compare --services flask-threads:threads=8,flask-threads:threads=128 --users 1,8,128
  sync-vs-async compare --scenario query --users 1,20,200 --delay 100ms
  POOL_SIZE=50 sync-vs-async compare --scenario fetch --services flask-threads,aiohttp:pool-size=100
  sync-vs-async compare --scenario ask --services flask,aiohttp --delay 100ms
  sync-vs-async compare --users 1,50,100 --delay 500ms --seconds 5 --repeats 3
  sync-vs-async compare --services aiohttp --target mine=http://127.0.0.1:5001 --path /slow

exit status: 0 a verdict, 2 inconclusive (the verdict says why) or interrupted, 1 failed to run"""

SERVE_EXAMPLES = """examples:
  sync-vs-async serve                                          both twins, on http://127.0.0.1:8001 and 8002
  sync-vs-async serve --services flask,aiohttp                 services of the line-up
  sync-vs-async serve --services flask-threads:threads=8,flask-threads:threads=64,aiohttp
  POOL_SIZE=2 sync-vs-async serve                              the environment sets the limits of all services
  DATABASE_URL=postgresql://127.0.0.1/mine sync-vs-async serve with a database of your own

exit status: 0 after Ctrl-C, 1 where something did not start or ended"""


class Mistake(Exception):
    """Something wrong on the command line, told in one sentence."""


class Parser(OneLineParser):
    """Answers a mistake with the status of a run that failed; 2 is taken."""

    mistaken = FAILED


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    given.command = ["sync-vs-async", *(sys.argv[1:] if arguments is None else arguments)]
    try:
        run: Callable[[], int] = given.prepare(given)
    except (Mistake, ValueError) as mistake:
        parser.error(str(mistake))
    raise_descriptors()
    sys.exit(run())


def _prepare_compare(given: argparse.Namespace) -> Callable[[], int]:
    comparison = Comparison(_contenders(given), _options(given), given.command)
    if "database" in comparison.needs and not os.environ.get("DATABASE_URL"):
        _refuse_too_many_connections(comparison.services)
    return partial(compare, comparison, _folder(given.out), console())


def _prepare_serve(given: argparse.Namespace) -> Callable[[], int]:
    if given.services is None:
        return partial(serve_all, twins(), console())
    services = _services(given.services)
    _refuse_twice(services, "served")
    return partial(serve_all, parts(services), console())


def serve_all(services: Sequence[Part], screen: Console) -> int:
    """Serve until something ends it, and return the exit status."""
    try:
        serve(services, screen)
    except (KeyboardInterrupt, SystemExit):  # rich leaves so when nobody reads what it prints
        return 0
    except (ServiceFailed, BackingFailed) as error:
        print(f"sync-vs-async: {error}", file=sys.stderr)
        return FAILED


def compare(comparison: Comparison, out: Path, screen: Console) -> int:
    """Run, write `results.json` into a new folder of `out`, show it, and return the exit status."""
    endings.raise_interrupts()
    folder = out / datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    ended, failure = VERDICT, None
    try:
        with backing(comparison.needs) as environment, progress(screen, comparison.seconds, comparison.repeats) as bar:
            comparison.run(bar, environment)
    except (KeyboardInterrupt, SystemExit):  # rich leaves so when nobody reads what it prints
        ended = INCONCLUSIVE
    except (ServiceFailed, GeneratorFailed, BackingFailed) as error:
        ended, failure = FAILED, str(error).partition("\n")[0]
        print(f"sync-vs-async: {error}", file=sys.stderr)
    endings.ignore()  # what has been measured is written, come what may
    if not comparison.steps:
        screen.print("Nothing was measured.")
        return ended
    results = comparison.results(complete=ended == VERDICT, failure=failure)
    path = save(results, folder)
    show(screen, results)
    screen.print(f"\n{path}", markup=False, soft_wrap=True)
    return ended or (VERDICT if conclusive(results) else INCONCLUSIVE)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="sync-vs-async", description="Blocking and non-blocking, measured alike.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="run the services with all that they wait for, until Ctrl-C",
        description="Runs a PostgreSQL database, a slow HTTP service and both twins in one terminal, and takes all of "
        "it down on Ctrl-C or when one of them ends.",
        epilog=SERVE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.set_defaults(prepare=_prepare_serve)
    serve.add_argument(
        "--services",
        metavar="A,B",
        help=f"services to serve, of {', '.join(lineup(cores()))}, each of which may be changed, as in "
        "flask-threads:threads=8 (default: python -m sync_app and python -m async_app)",
    )
    compare = commands.add_parser(
        "compare",
        help="run the services one after the other under load, and say what happened and why",
        description="Runs each service on its own under a closed load of growing numbers of users, holds every figure "
        "against its prediction, and says what bound it.",
        epilog=COMPARE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.set_defaults(prepare=_prepare_compare)
    names = ", ".join(lineup(cores()))
    compare.add_argument("--quick", action="store_true", help="fewer services and shorter steps: at most 30 s")
    compare.add_argument(
        "--services",
        metavar="A,B",
        help=f"services to compare, of {names}; each may be changed, as in "
        "flask-threads:workers=1:threads=64 or aiohttp:worker-class=CLASS (default: all; with --quick: "
        f"{', '.join(QUICK_SERVICES)})",
    )
    compare.add_argument(
        "--scenario",
        metavar="NAME",
        choices=ABOUT,
        default="delay",
        help="what every request waits for: " + "; ".join(f"{name}: {about}" for name, about in ABOUT.items()),
    )
    compare.add_argument(
        "--users", metavar="1,10,...", help="numbers of users (default: 1,10,64,400; quick: 1,8,32,200)"
    )
    compare.add_argument(
        "--delay", help="how long each request waits on the service (default: 250ms; with --quick: 100ms)"
    )
    compare.add_argument("--think", default="0s", help="how long a user thinks between requests (default: %(default)s)")
    compare.add_argument(
        "--seconds", type=float, help="shortest measuring window of a step (default: 1.25; with --quick: 1)"
    )
    compare.add_argument("--repeats", type=int, help="how often everything is measured (default: 2; with --quick: 1)")
    compare.add_argument("--out", default="results", metavar="DIR", help="where results go (default: %(default)s)")
    compare.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="compare a running HTTP service that is not ours, too; may be given again",
    )
    compare.add_argument("--path", default="/", help="what is asked of every --target (default: %(default)s)")
    compare.add_argument("--allow-remote", action="store_true", help="let a --target be on another machine")
    return parser


def _options(given: argparse.Namespace) -> Options:
    quick: bool = given.quick
    users = _users(given.users if given.users is not None else ("1,8,32,200" if quick else "1,10,64,400"))
    delay: str = given.delay if given.delay is not None else ("100ms" if quick else "250ms")
    seconds: float = given.seconds if given.seconds is not None else (1.0 if quick else 1.25)
    repeats: int = given.repeats if given.repeats is not None else (1 if quick else 2)
    wait, think = _duration("--delay", delay), _duration("--think", given.think)
    if wait < 0.001:
        raise Mistake(f"--delay takes at least 1ms, so that there is a wait to measure; got {delay!r}.")
    if wait > longest(given.scenario):
        raise Mistake(f"--delay takes at most {longest(given.scenario):g}s for {given.scenario}; got {delay!r}.")
    if not 0.5 <= seconds <= 600:
        raise Mistake(f"--seconds takes a number from 0.5 to 600; got {seconds:g}.")
    if not 1 <= repeats <= 20:
        raise Mistake(f"--repeats takes a whole number from 1 to 20; got {repeats}.")
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


def _users(text: str) -> list[int]:
    counts = text.split(",")
    if not all(count.isdecimal() and 1 <= int(count) <= 10_000 for count in counts):
        raise Mistake(f"--users takes whole numbers from 1 to 10000 with commas between them; got {text!r}.")
    return sorted({int(count) for count in counts})


def _duration(option: str, text: str) -> float:
    settings = Settings()
    try:
        return Duration.model_validate({"duration": text}, context=settings).duration
    except ValidationError:
        limits = Duration.limits("duration", f"{settings.max_duration:g} s")
        raise Mistake(f"{option} takes {limits}; got {text!r}.") from None


def _contenders(given: argparse.Namespace) -> list[Service | Stranger]:
    strangers = [_stranger(text, given.path, allow_remote=given.allow_remote) for text in given.target]
    default = ",".join(QUICK_SERVICES if given.quick else lineup(cores()))
    services = _services(default if given.services is None else given.services)
    everyone: list[Service | Stranger] = [*services, *strangers]
    _refuse_twice(everyone, "compared")
    return everyone


def _services(text: str) -> list[Service]:
    known = lineup(cores(), Settings.from_mapping(os.environ).pool_size)
    return [chosen(name, known) for name in text.split(",")]


def _refuse_twice(services: Sequence[Service | Stranger], done: str) -> None:
    names = [service.name for service in services]
    if len(set(names)) < len(names):
        raise Mistake(f"Each service can be {done} once; got {', '.join(names)}.")


def _refuse_too_many_connections(services: Sequence[Service | Stranger]) -> None:
    for service in services:
        if isinstance(service, Service) and service.connections > CONNECTIONS:
            raise Mistake(
                f"{service.name} would open {service.connections} connections to the database, which takes "
                f"{CONNECTIONS}; choose a smaller pool-size or fewer workers."
            )


def _stranger(text: str, path: str, *, allow_remote: bool) -> Stranger:
    name, equals, url = text.partition("=")
    if not (name and equals and _is_origin(url)):
        raise Mistake(f"--target takes NAME=http://HOST:PORT, and --path the path; got {text!r}.")
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


def _folder(text: str) -> Path:
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
