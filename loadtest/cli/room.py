"""The option of the commands that others in the room may reach."""

from collections.abc import Callable
from typing import Any

import click

from loadtest.processes.room import EVERY, LOOPBACK, Room, room

from .options import F, mistakes


class Host(click.ParamType[Room | None]):
    """An address of this machine, as the room that it opens; a loopback address opens none."""

    name = "ADDRESS"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Room | None:
        """Return the room. Raises Mistake if the text is no address of this machine."""
        with mistakes():
            return room(value) if isinstance(value, str) else value


def host_option(about: str) -> Callable[[F], F]:
    """Return the option --host, with `about` as the end of its help text: what others may do."""
    return click.option(
        "--host",
        "room",
        type=Host(),
        help=f"Let others in the room reach it at this address of this machine; {EVERY} stands for all of its IPv4 "
        f"addresses. {about} (default: {LOOPBACK}, for this machine alone).",
    )
