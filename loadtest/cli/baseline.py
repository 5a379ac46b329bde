"""The option --baseline: an earlier run that a run is compared with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from loadtest.results.schema import Options, Results, load
from loadtest.verdict.before_after import refuse_others
from loadtest.verdict.requirements import BEFORE

from .options import mistakes, results_file

F = TypeVar("F", bound=Callable[..., Any])


def baseline_option(function: F) -> F:
    """Add --baseline."""
    return click.option(
        "--baseline",
        metavar="FILE",
        help="Also compare with an earlier run: a results.json file or its folder. Weaker than --pairs, because the "
        "runs are not of one time. --require calls it before, as in 'throughput>=0.95x before'.",
    )(function)


def baseline(text: str | None) -> Results | None:
    """Return the earlier run, or None without one. Raises Mistake if there is no such file."""
    if text is None:
        return None
    with mistakes():
        return load(results_file(Path(text)))


def refuse_other_baseline(earlier: Results | None, options: Options, services: list[str]) -> None:
    """Refuse a baseline of other conditions or services, or a service with its name. Raises ValueError."""
    if earlier is None:
        return
    if BEFORE in services:
        raise ValueError(f"With --baseline, {BEFORE} is the name of the earlier run; give the service another one.")
    refuse_others(earlier.options, options)
    known = [each.name for each in earlier.contenders]
    if not {*known} & {*services}:
        raise ValueError(f"--baseline has no service of this run, but {', '.join(known)}.")
