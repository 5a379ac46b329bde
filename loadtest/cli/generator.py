"""`sync-vs-async generator`: generate load for a run that another machine leads."""

import os
import re
import socket
import sys
import time
from contextlib import ExitStack

import click

from backing.processes import lines_of, logged, tail, unread
from loadtest.generator.crew import MOST, OVER, PORT, TOKEN
from loadtest.generator.starting import WORKER
from loadtest.processes import signals
from loadtest.terminal.progress import console

from .crew import token_option
from .options import Command, Mistake, Number
from .run import FAILED, INCONCLUSIVE, VERDICT

LOOK_EVERY = 0.2
"""Seconds between two looks at the processes."""

NAMES = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

EXAMPLES = f"""examples:
  {TOKEN}=... sync-vs-async generator --master 192.168.1.5:{PORT}
  {TOKEN}=... sync-vs-async generator --master 192.168.1.5:{PORT} --generators 4    for four cores
  {TOKEN}=... sync-vs-async generator --master 192.168.1.5:{PORT} --name left       if two machines have one name

The run prints this command, with a secret if it was given none. The same version of the project, and of Python, must be
installed here. Without a run it waits for an hour.

exit status: 0 if the run is over, 1 if it was not let in or the run is gone, 2 after Ctrl-C"""


def place(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT. Raises Mistake if the text is none, or if the host is not found."""
    found = re.fullmatch(r"([A-Za-z0-9._-]+)(?::([0-9]{1,5}))?", text)
    host, port = (found[1], int(found[2] or PORT)) if found else ("", 0)
    if not found or not 0 < port < 65536:
        raise Mistake(f"--master takes HOST:PORT, such as 192.168.1.5:{PORT}; got {text!r}.")
    try:
        socket.getaddrinfo(host, port)
    except OSError as error:
        raise Mistake(f"--master: the address of {host!r} was not found: {error.strerror}.") from None
    return host, port


@click.command(
    cls=Command,
    short_help="Generate load for a run that another machine leads.",
    help="Wait for the run at HOST:PORT, which sync-vs-async compare --remote-generators leads, and send a share of "
    "its load until it is over.",
    epilog=EXAMPLES,
)
@click.option("--master", required=True, metavar="HOST:PORT", help=f"The run; the port is {PORT} unless it says so.")
@click.option(
    "--generators",
    type=Number("--generators", 1, MOST),
    default=1,
    show_default=True,
    help="Number of processes here, at most one for each core.",
)
@click.option("--name", help="Name of this machine in the results (default: its host name).")
@token_option
def generator(master: str, generators: int, name: str | None, token: str | None) -> int:
    """Run the load generators, and return the exit status."""
    host, port = place(master)
    name = name or socket.gethostname()
    if not NAMES.fullmatch(name):
        raise Mistake(f"--name takes letters, digits, dots, hyphens and underscores; got {name!r}.")
    if not token:
        raise Mistake(f"--token, or the variable {TOKEN}, must have the secret that the run printed.")
    names = [name] if generators == 1 else [f"{name}-{number + 1}" for number in range(generators)]
    out = console()
    signals.raise_interrupts()
    try:
        with ExitStack() as started:
            told = {**os.environ, TOKEN: token}
            running = [
                started.enter_context(logged([*WORKER, host, str(port), each, "remote"], told)) for each in names
            ]
            lines = [lines_of(process.stdout) for process, _ in running]
            out.print(f"Waiting for the run at {host}:{port}; Ctrl-C ends it.", markup=False)
            with out.status("Generating load as the run says"):
                while any(process.poll() is None for process, _ in running):
                    for each in lines:
                        for line in unread(each):
                            out.print(line.rstrip(), markup=False)
                    time.sleep(LOOK_EVERY)
            ended = {(process.returncode, tail(log)) for process, log in running}
    except (KeyboardInterrupt, SystemExit):
        print("Interrupted.", file=sys.stderr)
        return INCONCLUSIVE
    for why in sorted({said for status, said in ended if status != OVER}):
        print(f"sync-vs-async: {why}", file=sys.stderr)
    if any(status != OVER for status, _ in ended):
        return FAILED
    out.print("The run is over.")
    return VERDICT
