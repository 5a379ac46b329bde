"""The command line of a service: options override the environment, which overrides the defaults."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from contract.settings import Settings

from .limits import SPARE
from .surroundings import check


@dataclass(frozen=True)
class ServiceSpec:
    """The name, port, worker classes and help texts of a service."""

    name: str
    about: str
    port: int
    worker_class: str
    worker_classes: Mapping[str, str]
    """The worker classes that can serve it, each with a short description."""
    threads_help: str
    started_as: str = ""
    """The text after `python -m`, if it is not the name."""

    @property
    def command(self) -> str:
        """The command that starts the service."""
        return f"python -m {self.started_as or self.name}"


@dataclass(frozen=True)
class ServeOptions:
    """The options of one start: the address, gunicorn's worker class and limit, and the settings of the service."""

    host: str
    port: int
    worker_class: str
    settings: Settings
    connections: int
    """The number of connections that a process may have at once."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the error without the usage, and exit with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse(
    service: ServiceSpec, arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> ServeOptions:
    """Parse the command line of `service`. On an error, print one line and raise SystemExit(2)."""
    parser = Parser(
        prog=service.command,
        description=service.about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"""examples:
  {service.command}                               on http://127.0.0.1:{service.port}
  {service.command} --workers 2 --threads 64      2 workers of 64 threads each
  {service.command} --port 0                      on a free port; the port is printed
  MAX_DURATION=2 {service.command}                limit every wait to 2 s

Environment variables (options take precedence): {", ".join(name.upper() for name in Settings.model_fields)}.""",
    )
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=service.port, help="port to listen on; 0 takes a free port (default: %(default)s)"
    )
    parser.add_argument("--workers", metavar="N", help="worker processes (default: WEB_CONCURRENCY, or 1)")
    parser.add_argument("--threads", metavar="N", help=service.threads_help)
    words = "; ".join(f"{name} ({word})" for name, word in service.worker_classes.items())
    parser.add_argument(
        "--worker-class",
        metavar="CLASS",
        choices=service.worker_classes,
        default=service.worker_class,
        help=f"gunicorn's worker class: {words}",
    )
    given = parser.parse_args(arguments)
    environment = dict(os.environ if environment is None else environment)
    for variable, value in (("WEB_CONCURRENCY", given.workers), ("THREADS", given.threads)):
        if value is not None:
            environment[variable] = value
    try:
        settings = Settings.from_mapping(environment)
        check(settings)
    except ValueError as error:
        parser.error(str(error))
    return ServeOptions(given.host, given.port, given.worker_class, settings, settings.max_in_flight + SPARE)


def _host(text: str) -> str:
    if not text or not text.isascii():  # an empty one would stand for all interfaces
        raise argparse.ArgumentTypeError(f"{text!r} is not a host name or an IP address")
    return text


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return port
