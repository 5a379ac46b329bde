"""The options of pairs: two services that take turns, so that a difference can be told from chance."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import click

from loadtest.contenders.service import Service
from loadtest.contenders.target import Target
from loadtest.results.schema import Pairing
from loadtest.verdict.aggregate import FEWEST_PAIRS

from .options import Mistake, Number

F = TypeVar("F", bound=Callable[..., Any])

PAIRS = Number("--pairs", FEWEST_PAIRS, 50)

AGAIN = "again"
"""The last word of the name of a service that is compared with itself."""


class Turns(NamedTuple):
    """The services of a run that are compared pair by pair, and the number of its repeats."""

    pairings: list[Pairing]
    repeats: int


def pairing_options(function: F) -> F:
    """Add --pairs and --against-itself, which `turns` takes by name."""
    for option in (
        click.option(
            "--against-itself",
            is_flag=True,
            help="Also compare the first service with itself in each pair, which shows how large a difference must be "
            "here to mean anything.",
        ),
        click.option(
            "--pairs",
            type=PAIRS,
            help="Start two services alternately, in this many pairs (A B, B A, ...), and give each ratio of their "
            f"figures with an interval: from {FEWEST_PAIRS} to 50 (default: {FEWEST_PAIRS} for two services of your "
            "own, without --repeats and --quick).",
        ),
    ):
        function = option(function)
    return function


def turns(
    services: Sequence[Service | Target],
    pairs: int | None,
    repeats: int | None,
    *,
    against_itself: bool,
    quick: bool,
) -> Turns:
    """Return how services take turns. Raises Mistake if there are not two to compare, or one with itself."""
    asked = pairs is not None or against_itself
    if asked and repeats is not None:
        raise Mistake(
            "--pairs and --against-itself take the place of --repeats: each pair is one repeat of both services."
        )
    if asked and len(services) > 2:
        raise Mistake(f"--pairs and --against-itself compare two services; got {len(services)}.")
    if asked and len(services) < 2 and not against_itself:
        raise Mistake("--pairs compares two services; got one. --against-itself compares it with itself.")
    own = len(services) == 2 and all(isinstance(each, Target) for each in services)
    if not (asked or (own and repeats is None and not quick)):
        return Turns([], repeats or (1 if quick else 2))
    first, *others = (each.name for each in services)
    itself = [Pairing(before=first, after=f"{first} {AGAIN}", itself=True)] if against_itself else []
    return Turns([*itself, *(Pairing(before=first, after=other) for other in others)], pairs or FEWEST_PAIRS)


def with_itself(services: Sequence[Service | Target], pairings: Sequence[Pairing]) -> list[Service | Target]:
    """Return the services of a run, the first a second time under another name if it is compared with itself."""
    first, *others = services
    return [first, *(replace(first, name=each.after) for each in pairings if each.itself), *others]
