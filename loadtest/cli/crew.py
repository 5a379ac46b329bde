"""Options that say who generates the load: several processes of this machine, or of others."""

import re
from collections.abc import Mapping, Sequence
from secrets import token_urlsafe
from typing import Any

import click
from rich.console import Console

from loadtest.contenders.target import Target, is_loopback
from loadtest.generator.crew import MOST, PORT, TOKEN, Crew
from loadtest.measure.sufficient import Sufficient
from loadtest.processes.room import EVERY, LOOPBACK, in_url, room

from .options import F, Mistake, mistakes

AUTO = "auto"

SHORTEST_TOKEN = 16
"""Characters of a token at least, so that it cannot be guessed."""


class Generators(click.ParamType[int | str]):
    """A number of load generators, or AUTO."""

    name = "N"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> int | str:
        """Return the number, or AUTO. Raises Mistake if the text is neither."""
        if value == AUTO:
            return AUTO
        if re.fullmatch("[0-9]{1,3}", str(value)) and 1 <= int(value) <= MOST:
            return int(value)
        raise Mistake(f"--generators takes a whole number from 1 to {MOST}, or {AUTO}; got {value!r}.")


class Remote(click.ParamType[int]):
    """A number of load generators that come from other machines."""

    name = "N"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> int:
        """Return the number. Raises Mistake if the text is none."""
        if re.fullmatch("[0-9]{1,3}", str(value)) and int(value) <= MOST:  # 0 stands for none
            return int(value)
        raise Mistake(f"--remote-generators takes a whole number from 1 to {MOST}; got {value!r}.")


def crew_options(function: F) -> F:
    """Add the options about load generators."""
    for option in (
        token_option,
        click.option(
            "--bind",
            metavar="ADDRESS",
            help="Address of this machine at which --remote-generators reach it, and the services: both listen there, "
            f"for whoever can reach it (default: {LOOPBACK}, for this machine alone).",
        ),
        click.option(
            "--remote-generators",
            type=Remote(),
            default=0,
            help="Wait for this many load generators on other machines, in place of this one's: start `sync-vs-async "
            "generator` there.",
        ),
        click.option(
            "--generators",
            type=Generators(),
            help=f"Number of processes of this machine that generate the load, from 1 to {MOST}; {AUTO}: as many as "
            "the predicted throughput needs and the cores allow (default: 1).",
        ),
    ):
        function = option(function)
    return function


token_option = click.option(
    "--token",
    metavar="SECRET",
    envvar=TOKEN,
    help=f"Secret that the run and its load generators on other machines share; better in the variable {TOKEN} than on "
    "the command line, which others can see.",
)


def crew(given: Mapping[str, Any], targets: Sequence[Target], sufficient: Sufficient, out: Console) -> Crew:
    """Return the load generators that the options ask for.

    `sufficient`: how many would do. Raises Mistake if an option is missing or too much.
    """
    remote: int = given["remote_generators"]
    if not remote:
        if given["bind"] is not None:
            raise Mistake("--bind needs --remote-generators.")
        return Crew(_number(given["generators"], sufficient, out))
    if given["generators"] is not None:
        raise Mistake("--generators is for processes of this machine; leave it out with --remote-generators.")
    address = _address(given["bind"])
    for target in targets:
        if target.locustfile is not None:
            raise Mistake(f"{target.name}: users of a locustfile run on this machine; use --generators.")
        if is_loopback(target.address[0]):
            raise Mistake(f"{target.name} is at {target.url}, which other machines do not reach; name its address.")
    token = given["token"] or token_urlsafe()
    if len(token) < SHORTEST_TOKEN:
        raise Mistake(f"--token takes at least {SHORTEST_TOKEN} characters.")
    found = Crew(0, remote, address, PORT, token)
    if not given["token"]:
        out.print("On each of the other machines:", markup=False)
        told = f"{TOKEN}={token} sync-vs-async generator --master {in_url(address)}:{PORT}"
        out.print(f"  {told}", markup=False, soft_wrap=True)
    return found


def _number(asked: int | str | None, sufficient: Sufficient, out: Console) -> int:
    if asked != AUTO:
        return int(asked or 1)
    number, told = sufficient()
    out.print(told, markup=False, soft_wrap=True)
    return number


def _address(bind: str | None) -> str:
    """Return the address of this machine that others reach. A loopback address is for processes of this machine."""
    if bind is None:
        raise Mistake("--remote-generators needs --bind, the address of this machine at which they reach it.")
    if bind == EVERY:
        raise Mistake(f"--bind takes one address of this machine, at which others reach it; got {EVERY}.")
    if bind == LOOPBACK:
        return LOOPBACK
    with mistakes():
        found = room(bind, "--bind")
    return found.host if found else LOOPBACK
