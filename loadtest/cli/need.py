"""The option --need: the load that services of the user's own are needed for."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console

from loadtest.contenders.target import Target
from loadtest.measure.costs import costs
from loadtest.processes.service import ServiceFailed
from loadtest.results.advice import Costs
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.need import Need, parsed
from loadtest.workload.open import Open

from .options import Mistake, mistakes

F = TypeVar("F", bound=Callable[..., Any])


class Needed(click.ParamType[Need]):
    """A load that a service is needed for."""

    name = "LOAD"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Need:
        """Return the need. Raises Mistake if the text is none."""
        with mistakes():
            return parsed(value) if isinstance(value, str) else value


def need_option(function: F) -> F:
    """Add --need."""
    return click.option(
        "--need",
        type=Needed(),
        metavar="LOAD",
        help="Load that services of your own are needed for: requests per second, such as 300, or '50 users'. The "
        "answer says whether they should go async for it, and what threads, processes or coroutines would make of it.",
    )(function)


def refuse_needless(need: Need | None, targets: Sequence[Target], loads: Sequence[Load]) -> None:
    """Raise Mistake if a need cannot be answered: there is no target, no step of one user, or no request."""
    if need is None:
        return
    if any(isinstance(load, Open) for load in loads):
        raise Mistake("--need takes users who wait for their answers: leave out --rate.")
    if not targets:
        raise Mistake("--need is for services of your own: name one with --target or --config.")
    if any(each.locustfile is not None for each in targets):
        raise Mistake("--need takes requests, whose wait one user shows; users of a locustfile have their own.")
    if not any(isinstance(load, Closed) and load.users == 1 for load in loads):
        raise Mistake("--need takes a step of 1 user, who shows how long a request waits: add it to --users.")


def measured_costs(need: Need | None, screen: Console) -> Costs | None:
    """Return what a thread and a coroutine cost here, or None without a need. Raises Mistake if that fails."""
    if need is None:
        return None
    try:
        with screen.status("Measuring what a thread and a coroutine cost here"):
            return costs()
    except ServiceFailed as error:
        raise Mistake(str(error)) from None
