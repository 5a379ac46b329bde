"""The command `sync-vs-async`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import NoReturn

import click

from .options import Mistake
from .run import FAILED, INCONCLUSIVE

PROGRAM = "sync-vs-async"

NAMES = {
    name: name
    for name in ("serve", "report", "race", "compare", "capacity", "stalls", "lineup", "lesson", "doctor", "generator")
} | {"map": "map_"}
"""The commands, each in a module of its own, and the names of their functions."""


class Commands(Mapping[str, click.Command]):
    """The commands by name. A command is imported when it is looked up, because all of them take twice as long."""

    def __getitem__(self, name: str) -> click.Command:
        function = NAMES[name]  # raises KeyError if there is none of this name
        command: click.Command = getattr(import_module(f".{name}", __package__), function)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


@click.group(
    commands=Commands(),
    no_args_is_help=False,  # a missing command is an error, like any other mistake
    context_settings={"max_content_width": 120},
)
def group() -> None:
    """Compare blocking and non-blocking HTTP services under the same load."""


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
