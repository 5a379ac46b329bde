"""The command line of a service, over the environment, over the defaults."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from contract.settings import Settings


@dataclass(frozen=True)
class ServiceSpec:
    """What tells one service from another before a request comes in."""

    name: str
    about: str
    port: int
    worker_class: str
    worker_classes: Mapping[str, str]
    """Those that fit, each with a word on it."""
    threads_help: str
    started_as: str = ""
    """What stands behind `python -m`, where that is not its name."""

    @property
    def command(self) -> str:
        """The command that starts it."""
        return f"python -m {self.started_as or self.name}"


@dataclass(frozen=True)
class ServeOptions:
    """How to serve: the address, gunicorn's worker class, and the settings of the service."""

    host: str
    port: int
    worker_class: str
    settings: Settings


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that answers a mistake with one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, without the usage before it, and exit with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse(
    service: ServiceSpec, arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> ServeOptions:
    """The command line `arguments` of `service`; on a mistake, one clear line and SystemExit(2)."""
    parser = Parser(
        prog=service.command,
        description=service.about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"""examples:
  {service.command}                               on http://127.0.0.1:{service.port}
  {service.command} --workers 2 --threads 64      other numbers
  {service.command} --port 0                      on a free port, which is printed
  MAX_DURATION=2 {service.command}                no wait longer than 2 s

The environment sets what the command line does not: {", ".join(name.upper() for name in Settings.model_fields)}.""",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=service.port, help="port, 0 for a free one (default: %(default)s)"
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
    except ValueError as error:
        parser.error(str(error))
    return ServeOptions(given.host, given.port, given.worker_class, settings)


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return port
