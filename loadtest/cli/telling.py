"""The output of a command: the options --details and --as-json, and where the output goes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from rich.console import Console

from loadtest.results.schema import Results
from loadtest.terminal.progress import console
from loadtest.verdict.before_after import Change
from loadtest.verdict.summary import changed, summary

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Telling:
    """The values of both options."""

    details: bool
    as_json: bool

    @cached_property
    def screen(self) -> Console:
        """The console of what people read: standard error with --as-json, else standard output."""
        return console(errors=self.as_json)

    def end(
        self,
        status: int,
        measured: Mapping[str, Results],
        files: Sequence[Path],
        headline: str = "",
        found: Sequence[Change] = (),
    ) -> int:
        """Print the summary of all runs as JSON, if asked for, and return the exit status.

        `headline`: what several runs show together. `found`: how two runs differ.
        """
        if self.as_json:
            runs = {name: summary(results) for name, results in measured.items()}
            said = headline or next((run["headline"] for run in runs.values()), "")
            paths = [str(path) for path in files]
            told = {"status": status, "headline": said, "files": paths, "changes": changed(found), "runs": runs}
            print(json.dumps(told, indent=2, allow_nan=False))
        return status


def telling_options(function: F) -> F:
    """Add --details and --as-json to a command, which gets them as `telling`."""

    @wraps(function)  # with the options that the function has already
    def told(*arguments: Any, details: bool, as_json: bool, **given: Any) -> Any:
        return function(*arguments, telling=Telling(details, as_json), **given)

    command = cast("F", told)
    for option in (
        click.option(
            "--as-json",
            is_flag=True,
            help="Print a summary as JSON on standard output, and everything else on standard error.",
        ),
        click.option(
            "--details",
            is_flag=True,
            help="Also print the services, what the load took (CPU, memory, errors), the legends and the machine.",
        ),
    ):
        command = option(command)
    return command
