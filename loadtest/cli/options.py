"""What the commands share: options, types of values, and how a mistake is told."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from contract.settings import Settings
from loadtest.contenders.selection import ALL, every
from loadtest.contenders.service import Service, cores, lineup

QUICK_SERVICES = ("flask", "flask-threads", "aiohttp")
"""Services of a quick comparison, and of a race."""

F = TypeVar("F", bound=Callable[..., Any])


class Mistake(click.ClickException):
    """A mistake on the command line, in one sentence."""


@contextmanager
def mistakes() -> Iterator[None]:
    """Turn the ValueErrors of what is checked within, each one sentence, into mistakes."""
    try:
        yield
    except ValueError as error:
        raise Mistake(str(error)) from None


class Command(click.Command):
    """A command whose epilog, examples that can be pasted, is printed as it stands."""

    def format_epilog(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the exit statuses."""
        formatter.write(f"\n{self.epilog}\n")


class Services(click.ParamType[list[Service]]):
    """A list of services with commas between them."""

    name = "A,B"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> list[Service]:
        """Return the services that the list names; a Mistake where there is no such, or it is not installed."""
        with mistakes():
            return named(value) if isinstance(value, str) else value

    def shell_complete(self, _context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names of the line-up for the last service of the list."""
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in (*lineup(1), ALL) if name.startswith(last)]


class Number(click.ParamType[float]):
    """A number between two others; whole where they are."""

    def __init__(self, option: str, least: float, most: float) -> None:
        self.name = "N"
        self._option, self._least, self._most = option, least, most
        self._kind = type(least)

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> float:
        """Return the number; a Mistake where it is none, or out of range."""
        try:
            number = self._kind(value)
        except ValueError:
            number = None
        if number is None or not self._least <= number <= self._most:  # nan is in no range
            what = "a whole number" if self._kind is int else "a number"
            raise Mistake(f"{self._option} takes {what} from {self._least:g} to {self._most:g}; got {value}.")
        return number


SECONDS = Number("--seconds", 0.5, 600.0)
REPEATS = Number("--repeats", 1, 20)

out_folder = click.option(
    "--out", metavar="DIR", default="results", show_default=True, help="Folder that results go to."
)
opened = click.option("--open", "opened", is_flag=True, help="Open the report in a browser.")
traced = click.option(
    "--trace", is_flag=True, help="Write each step's first requests to trace.json, for Perfetto, as well."
)


def services_option(about: str, default: str | None = None) -> Callable[[F], F]:
    """Return the option --services, with `about` as its help."""
    return click.option(
        "--services", type=Services(), metavar="A,B", default=default, show_default=default is not None, help=about
    )


def names() -> str:
    """Return the names of the line-up, for a help text."""
    return ", ".join(lineup(1))


def named(text: str) -> list[Service]:
    """Return the services that a list with commas names, sized for this machine; ValueError as `chosen` raises it."""
    return every(text, lineup(cores(), Settings.from_mapping(os.environ).pool_size))


def refuse_twice(names: Sequence[str], done: str) -> None:
    """Refuse two services of one name: their figures would be one."""
    if len(set(names)) < len(names):
        raise Mistake(f"Each service can be {done} once; got {', '.join(names)}.")


def folder(text: str) -> Path:
    """Return the folder of this name, made if need be; a Mistake where nothing can be written there."""
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):  # so that no run is lost for want of a place to write it
            return folder
    except OSError as error:
        raise Mistake(f"--out {text!r} cannot be written to: {error.strerror}.") from None
