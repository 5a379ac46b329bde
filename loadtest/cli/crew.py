"""Options that say who generates the load: several processes of this machine, or of others."""

import re
from collections.abc import Mapping, Sequence
from secrets import token_urlsafe
from socket import create_server
from typing import Any

import click
from rich.console import Console

from loadtest.contenders.secrets import Secrets
from loadtest.contenders.target import Target, is_loopback
from loadtest.english import count
from loadtest.generator.crew import MOST, PORT, TOKEN, Crew
from loadtest.generator.driver import GeneratorFailed
from loadtest.measure.sufficient import Sufficient
from loadtest.processes.room import LOOPBACK, addresses
from loadtest.processes.service import ServiceFailed
from serving.taken_port import why_not

from .options import F, Mistake, Number

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
            type=Number("--remote-generators", 1, MOST),
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


def refuse_crew(given: Mapping[str, Any], targets: Sequence[Target]) -> None:
    """Raise Mistake if an option about load generators is missing, wrong or too much."""
    if not given["remote_generators"]:
        if given["bind"] is not None:
            raise Mistake("--bind needs --remote-generators.")
        return
    if given["generators"] is not None:
        raise Mistake("--generators is for processes of this machine; leave it out with --remote-generators.")
    _refuse_address(given["bind"])
    if given["token"] and len(given["token"]) < SHORTEST_TOKEN:
        raise Mistake(f"--token takes at least {SHORTEST_TOKEN} characters.")
    for target in targets:
        if target.locustfile is not None:
            raise Mistake(f"{target.name}: users of a locustfile run on this machine; use --generators.")
        if target.start is not None:
            raise Mistake(
                f"{target.name} is started by the run at {LOOPBACK}, which other machines do not reach. Start it "
                "yourself, and name its address with --target."
            )
        if is_loopback(target.address[0]):
            raise Mistake(f"{target.name} is at {target.url}, which other machines do not reach; name its address.")


def _refuse_address(bind: str | None) -> None:
    if bind is None:
        raise Mistake("--remote-generators needs --bind, the address of this machine at which they reach it.")
    own = [LOOPBACK, *(each for each in addresses() if ":" not in each)]
    if bind not in own:
        raise Mistake(f"--bind takes an IPv4 address of this machine, one of {', '.join(own)}; got {bind!r}.")
    try:
        create_server((bind, PORT)).close()
    except OSError as error:
        raise Mistake(f"Load generators cannot come to port {PORT} of {bind}: {why_not(error, PORT)}.") from None


def crew(given: Mapping[str, Any], sufficient: Sufficient, out: Console, secrets: Secrets) -> Crew:
    """Return the load generators that the options ask for, and print what to do for those of other machines.

    `sufficient`: how many would do. The token is one of the `secrets`.
    """
    if given["token"]:
        secrets.note(given["token"])
    if not (remote := given["remote_generators"]):
        return Crew(_number(given["generators"], sufficient, out))
    token = given["token"] or token_urlsafe()
    found = Crew(0, remote, given["bind"], PORT, token)
    told = "" if given["token"] else f"{TOKEN}={token} "
    waits = (
        f"Waiting for {count(remote, 'load generator')}. On the other machines, with --generators for several on one:"
    )
    for line in (waits, f"  {told}.venv/bin/sync-vs-async generator --master {found.address}:{PORT}"):
        out.print(line, markup=False, soft_wrap=True)
    return found


def _number(asked: int | str | None, sufficient: Sufficient, out: Console) -> int:
    if asked != AUTO:
        return int(asked or 1)
    try:
        with out.status("Measuring what a request costs a load generator"):
            number, told = sufficient()
    except (GeneratorFailed, ServiceFailed) as error:
        raise Mistake(f"--generators {AUTO} could not measure what a request costs: {error}") from None
    out.print(told, markup=False, soft_wrap=True)
    return number
