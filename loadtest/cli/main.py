"""The command `sync-vs-async`."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from .capacity import capacity
from .compare import compare
from .doctor import doctor
from .lesson import lesson
from .lineup import lineup
from .map import map_
from .options import Mistake
from .race import race
from .report import report
from .run import FAILED, INCONCLUSIVE
from .serve import serve

PROGRAM = "sync-vs-async"


@click.group(
    no_args_is_help=False,  # a missing command is an error, like any other mistake
    context_settings={"max_content_width": 120},
)
def group() -> None:
    """Compare blocking and non-blocking HTTP services under the same load."""


for command in (serve, report, race, compare, capacity, lineup, map_, lesson, doctor):
    group.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status. Mistakes print a line each on standard error: status 1."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status: int = group.main(given, PROGRAM, standalone_mode=False, obj=[PROGRAM, *given])
    except click.ClickException as mistake:
        where = mistake.ctx.command_path if isinstance(mistake, click.UsageError) and mistake.ctx else PROGRAM
        told = mistake.format_message()
        lines = told.splitlines() if isinstance(mistake, Mistake) else [told]  # click wraps its own sentences
        print(f"{where}:", "\n".join(" ".join(line.split()) for line in lines), file=sys.stderr)
        sys.exit(FAILED)
    except click.Abort:  # Ctrl-C, by click: before anything is measured, as a run handles it itself
        print("Interrupted.", file=sys.stderr)
        sys.exit(INCONCLUSIVE)
    sys.exit(status)
